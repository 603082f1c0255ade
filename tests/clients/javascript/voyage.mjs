// Voyage's SDK against the gateway of GATEWAY_URL, at the paths that it shares and at its own. What it leaves out, it is known without.

import { VoyageAIClient } from "voyageai";
import { report } from "./checks.mjs";

const { GATEWAY_URL, API_KEY, EMBED_MODEL, RERANK_MODEL } = process.env;
const [client, own] = ["/v1", "/voyage/v1"].map(
  (path) => new VoyageAIClient({ environment: GATEWAY_URL + path, apiKey: API_KEY, maxRetries: 0 }),
);

const input = ["The heron waits.", "How does a heron hunt?", "office hours"];
const query = "How does a heron hunt?";
const long = "heron ".repeat(600);
const embed = (fields) => ({ input, model: EMBED_MODEL, ...fields });
const rerank = (fields) => ({ query, documents: input, model: RERANK_MODEL, ...fields });

await report({
  embed: () => client.embed(embed()),
  embedAtItsOwnPath: () => own.embed(embed()),
  truncated: () => client.embed(embed({ input: long })),
  binary: () => client.embed(embed({ outputDtype: "ubinary" })),
  tooLong: () => client.embed(embed({ input: long, truncation: false })),
  unknownModel: () => client.embed(embed({ model: "voyage-3.5" })),
  rerank: () => client.rerank(rerank()),
  rerankAtItsOwnPath: () => own.rerank(rerank({ topK: 2, returnDocuments: true })),
});
