// OpenAI's SDK against the gateway of GATEWAY_URL.

import OpenAI from "openai";
import { report } from "./checks.mjs";

const { GATEWAY_URL, API_KEY, EMBED_MODEL, MAX_RETRIES = "0" } = process.env;
const client = new OpenAI({ baseURL: `${GATEWAY_URL}/v1`, apiKey: API_KEY, maxRetries: Number(MAX_RETRIES) });

const input = ["The heron waits.", "How does a heron hunt?", "office hours"];
const create = (fields) => client.embeddings.create({ input, model: EMBED_MODEL, ...fields });

const calls = {
  embed: () => create(),
  floats: () => create({ encoding_format: "float" }),
  oneString: () => create({ input: input[0] }),
  models: async () => (await client.models.list()).data,
  unknownModel: () => create({ model: "text-embedding-ada-002" }),
  dimensions: () => create({ dimensions: 64 }),
};

const { CALLS } = process.env;
await report(CALLS ? Object.fromEntries(CALLS.split(",").map((name) => [name, calls[name]])) : calls);
