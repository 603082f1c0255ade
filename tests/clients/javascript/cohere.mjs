// Cohere's SDK, both versions, against the gateway of GATEWAY_URL.

import { CohereClient, CohereClientV2 } from "cohere-ai";
import { report } from "./checks.mjs";

const { GATEWAY_URL, API_KEY, EMBED_MODEL, RERANK_MODEL, MAX_RETRIES = "0" } = process.env;
const connection = { environment: GATEWAY_URL, token: API_KEY, maxRetries: Number(MAX_RETRIES) };
const v1 = new CohereClient(connection);
const v2 = new CohereClientV2(connection);

const texts = ["The heron waits.", "How does a heron hunt?", "office hours"];
const query = "How does a heron hunt?";
const embeddingTypes = ["float", "int8", "uint8", "binary", "ubinary", "base64"];
const inputTypes = ["search_document", "search_query", "classification", "clustering"];
const embed = { texts, model: EMBED_MODEL, inputType: "search_query" };
const rerank = { query, documents: texts, model: RERANK_MODEL };

const calls = {
  v1InputTypes: async () =>
    Promise.all(inputTypes.map(async (inputType) => (await v1.embed({ ...embed, inputType })).embeddings)),
  v1Embed: () => v1.embed({ ...embed, embeddingTypes }),
  v2Embed: () => v2.embed({ ...embed, embeddingTypes }),
  v1Rerank: () => v1.rerank({ ...rerank, documents: texts.map((text) => ({ text })), returnDocuments: true }),
  v2Rerank: () => v2.rerank({ ...rerank, topN: 2 }),
  tokenize: () => v1.tokenize({ text: "the heron waits", model: EMBED_MODEL }),
  checkApiKey: () => v1.checkApiKey(),
  unknownModel: () => v2.embed({ ...embed, model: "embed-english-v2.0" }),
  tooManyTexts: () => v2.embed({ ...embed, texts: Array(97).fill("heron") }),
};

const { CALLS } = process.env;
await report(CALLS ? Object.fromEntries(CALLS.split(",").map((name) => [name, calls[name]])) : calls);
