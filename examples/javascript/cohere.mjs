// Search for a Next.js app with Cohere's SDK: one client per service, so that no gateway is needed.
// Keep it on the server, such as lib/search.mjs, and call search() from a route handler.

import { pathToFileURL } from "node:url";
import { CohereClientV2 } from "cohere-ai";

const {
  EMBED_SERVICE_URL = "http://localhost:5555",
  RERANK_SERVICE_URL = "http://localhost:5556",
  EMBED_MODEL,
  RERANK_MODEL,
  SERVICE_API_KEY = "none",
} = process.env;

const embedder = new CohereClientV2({ environment: EMBED_SERVICE_URL, token: SERVICE_API_KEY });
// A search should not wait long for what it can do without.
const reranker = new CohereClientV2({ environment: RERANK_SERVICE_URL, token: SERVICE_API_KEY, maxRetries: 0, timeoutInSeconds: 5 });

// The name of the served model, unless a variable has it, or one that EMBED_MODEL_ALIASES or RERANK_MODEL_ALIASES lists.
async function served(url) {
  const answer = await fetch(`${url}/info`, { headers: { Authorization: `Bearer ${SERVICE_API_KEY}` } });
  return (await answer.json()).model;
}

export async function embed(texts, inputType) {
  const model = EMBED_MODEL ?? (await served(EMBED_SERVICE_URL));
  const answer = await embedder.embed({ texts, model, inputType, embeddingTypes: ["float"] });
  return answer.embeddings.float;
}

// Contacts are { text, vector }, with vectors from embed(texts, "search_document"). A vector database does this at scale.
export async function search(query, contacts) {
  const [wanted] = await embed([query], "search_query");
  const dot = (vector) => vector.reduce((sum, value, index) => sum + value * wanted[index], 0);
  const found = contacts.map(({ text, vector }) => ({ text, score: dot(vector) })).sort((a, b) => b.score - a.score);
  try {
    const documents = found.map(({ text }) => text);
    const model = RERANK_MODEL ?? (await served(RERANK_SERVICE_URL));
    const { results } = await reranker.rerank({ query, documents, model });
    return { reranked: true, results: results.map(({ index, relevanceScore }) => ({ text: documents[index], score: relevanceScore })) };
  } catch (error) {
    console.warn(`rerank is down, order by vectors only: ${error.name}`);
    return { reranked: false, results: found };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const texts = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."];
  const vectors = await embed(texts, "search_document");
  const contacts = texts.map((text, index) => ({ text, vector: vectors[index] }));
  console.log(JSON.stringify(await search("How does a heron hunt?", contacts), null, 2));
}
