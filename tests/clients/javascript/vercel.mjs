// Vercel's AI SDK with the settings of docs/clients.md, reported as the scripts in ../python do it.

import { createCohere } from "@ai-sdk/cohere";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany, rerank } from "ai";

const { EMBED_URL, GATEWAY_URL, RERANK_MODEL } = process.env;
const openai = createOpenAICompatible({ name: "duobento", baseURL: `${EMBED_URL}/v1`, apiKey: "any" });
const cohere = createCohere({ baseURL: `${GATEWAY_URL}/v2`, apiKey: "any" });

const texts = ["The grey heron stands still and waits.", "Our office is open from nine to five.", "A stork nests here."];
const query = "How does a heron hunt?";
const unknown = "no-such-model";

const embed = async (model, values, inputType) =>
  (await embedMany({ model, values, ...(inputType && { providerOptions: { cohere: { inputType } } }) })).embeddings;
const ranked = async (name) => {
  const { ranking } = await rerank({ model: cohere.reranking(name), query, documents: texts });
  return ranking.map(({ document, score }) => [document, score]);
};
const ofCohere = cohere.embeddingModel("embed-multilingual-v3.0");

const outcomes = async (calls) => {
  const found = {};
  for (const [name, call] of Object.entries(calls)) {
    found[name] = await call().catch((error) => `${error.constructor.name}: ${error.message}`);
  }
  return found;
};

const found = {
  embed: await outcomes({
    "Vercel AI: openai-compatible": async () => ({
      passage: await embed(openai.embeddingModel("e5-passage"), texts),
      query: await embed(openai.embeddingModel("e5-query"), [query]),
    }),
    "Vercel AI: @ai-sdk/cohere": async () => ({
      passage: await embed(ofCohere, texts, "search_document"),
      query: await embed(ofCohere, [query], "search_query"),
    }),
  }),
  rerank: await outcomes({ "Vercel AI: @ai-sdk/cohere": () => ranked(RERANK_MODEL) }),
  unknown: await outcomes({
    "Vercel AI: openai-compatible": () => embed(openai.embeddingModel(unknown), texts),
    "Vercel AI: @ai-sdk/cohere": () => embed(cohere.embeddingModel(unknown), texts),
    "Vercel AI: @ai-sdk/cohere reranks": () => ranked(unknown),
  }),
};
console.log(JSON.stringify(found));
