// Search for a Next.js app with OpenAI's SDK, and fetch for rerank, which OpenAI's API does not have.
// Keep it on the server, such as lib/search.mjs, and call search() from a route handler.

import { pathToFileURL } from "node:url";
import OpenAI from "openai";

const {
  EMBED_SERVICE_URL = "http://localhost:5555",
  RERANK_SERVICE_URL = "http://localhost:5556",
  EMBED_MODEL,
  SERVICE_API_KEY = "none",
} = process.env;

const client = new OpenAI({ baseURL: `${EMBED_SERVICE_URL}/v1`, apiKey: SERVICE_API_KEY });

const model = EMBED_MODEL ?? (await client.models.list()).data[0].id; // the served one

// inputType is "query" or "passage": E5 embeds them differently.
export async function embed(input, inputType) {
  const { data } = await client.embeddings.create({ input, model, input_type: inputType });
  return data.map(({ embedding }) => embedding);
}

async function rerank(query, documents) {
  const answer = await fetch(`${RERANK_SERVICE_URL}/rerank`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${SERVICE_API_KEY}` },
    body: JSON.stringify({ query, documents }),
    // A search should not wait long for what it can do without.
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`rerank-service answered ${answer.status}`);
  const { results } = await answer.json();
  return results.map(({ document, score }) => ({ text: document, score }));
}

// Contacts are { text, vector }, with vectors from embed(texts, "passage"). A vector database does this at scale.
export async function search(query, contacts) {
  const [wanted] = await embed([query], "query");
  const dot = (vector) => vector.reduce((sum, value, index) => sum + value * wanted[index], 0);
  const found = contacts.map(({ text, vector }) => ({ text, score: dot(vector) })).sort((a, b) => b.score - a.score);
  try {
    return { reranked: true, results: await rerank(query, found.map(({ text }) => text)) };
  } catch (error) {
    console.warn(`rerank is down, order by vectors only: ${error.message}`);
    return { reranked: false, results: found };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const texts = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."];
  const vectors = await embed(texts, "passage");
  const contacts = texts.map((text, index) => ({ text, vector: vectors[index] }));
  console.log(JSON.stringify(await search("How does a heron hunt?", contacts), null, 2));
}
