// Search for a Next.js app with Cohere's SDK: one client per service, so that no gateway is needed.
// Keep it on the server, such as lib/search.mjs, and call search() from a route handler.

import { pathToFileURL } from "node:url";
import { CohereClientV2 } from "cohere-ai";

const {
  EMBED_SERVICE_URL = "http://localhost:5555",
  RERANK_SERVICE_URL = "http://localhost:5556",
  EMBED_MODEL = "intfloat/multilingual-e5-large",
  RERANK_MODEL = "BAAI/bge-reranker-base",
  SERVICE_API_KEY = "none",
} = process.env;

const embedder = new CohereClientV2({ environment: EMBED_SERVICE_URL, token: SERVICE_API_KEY });
// A search should not wait long for what it can do without.
const reranker = new CohereClientV2({ environment: RERANK_SERVICE_URL, token: SERVICE_API_KEY, maxRetries: 0, timeoutInSeconds: 5 });

export async function embed(texts, inputType) {
  const answer = await embedder.embed({ texts, model: EMBED_MODEL, inputType, embeddingTypes: ["float"] });
  return answer.embeddings.float;
}

// Contacts are { text, vector }, with vectors from embed(texts, "search_document"). A vector database does this at scale.
export async function search(query, contacts) {
  const [wanted] = await embed([query], "search_query");
  const dot = (vector) => vector.reduce((sum, value, index) => sum + value * wanted[index], 0);
  const found = contacts.map(({ text, vector }) => ({ text, score: dot(vector) })).sort((a, b) => b.score - a.score);
  try {
    const documents = found.map(({ text }) => text);
    const { results } = await reranker.rerank({ query, documents, model: RERANK_MODEL });
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
