// rerank-service: the documents in the order of their scores, with a bar for each.

import { argument, COHERE_NO_STORE, curl, httpx, javascript, python, pythonImports, pythonKey } from "./code.js";
import { byId, element, lines, table, truncatedMark } from "./dom.js";
import { start } from "./page.js";

const PRINT_PYTHON = `for result in answer["results"]:
    print(f"{result['score']:.3f} {result['document']}")`;
const PRINT_JAVASCRIPT = `for (const { score, document } of answer.results) {
  console.log(score.toFixed(3), document);
}`;

start({
  path: "rerank",
  noun: "document",
  items: "documents",
  request: () => ({ query: byId("query").value, documents: lines("documents") }),
  result: ranking,
  code: (call) => ({
    curl: curl(call),
    "Python: httpx": httpx(call, PRINT_PYTHON),
    "Python: Cohere": cohere(call),
    JavaScript: javascript(call, PRINT_JAVASCRIPT),
  }),
});

function ranking({ results, truncated, query_truncated: queryTruncated }) {
  const rows = results.map(({ index, score, document }, place) => {
    const number = element("span", { class: "hint" }, `document ${index + 1}`);
    const text = element("td", {}, element("span", { class: "text" }, document), " ", number);
    if (truncated.includes(index)) text.append(" ", truncatedMark());
    return element("tr", {}, element("td", { class: "place" }, String(place + 1)), scoreCell(score), text);
  });
  const heads = ["Rank", "Score", "Document"].map((name) => element("th", { scope: "col" }, name));
  const note = element("p", { class: "hint" }, "Best first. Scores are between 0 and 1.");
  if (queryTruncated) note.append(" ", element("span", { class: "mark" }, "query truncated"));
  return table("ranking", "Ranking", note, element("tr", {}, ...heads), rows);
}

function scoreCell(score) {
  const bar = element("span", { class: "bar", "aria-hidden": "true" });
  bar.style.setProperty("--share", score.toFixed(4));
  return element("td", { class: "score" }, element("span", {}, score.toFixed(3)), bar);
}

function cohere(call) {
  const { url, body, noStore, model } = call;
  return `${pythonImports(call)}import cohere

client = cohere.ClientV2(base_url="${new URL(".", url)}", api_key=${pythonKey(call)})
documents = ${python(body.documents, "")}
answer = client.rerank(
    model="${model}",
    query=${python(body.query)},
    documents=documents,${argument(noStore, COHERE_NO_STORE)}
)
for result in answer.results:
    print(f"{result.relevance_score:.3f} {documents[result.index]}")
`;
}
