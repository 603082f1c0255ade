// embed-service: how similar the texts are, as a table whose colours say it again.

import { argument, COHERE_NO_STORE, curl, httpx, javascript, python, pythonImports, pythonKey } from "./code.js";
import { element, lines, table, truncatedMark } from "./dom.js";
import { start } from "./page.js";

const COHERE_TYPES = { query: "search_query", passage: "search_document" };
const SHOWN_NUMBERS = 6;
const COMPARED_TEXTS = 40;
const DOWNLOAD_MS = 60_000;

start({
  path: "embed",
  noun: "text",
  items: "texts",
  request: () => ({
    texts: lines("texts"),
    input_type: document.querySelector("[name=input_type]:checked").value,
  }),
  result: (answer, { texts }) =>
    element("div", {}, texts.length > 1 ? matrix(answer, texts) : vector(answer), download(answer, texts)),
  code: (call) => ({
    curl: curl(call),
    "Python: httpx": httpx(call, 'print(len(answer["embeddings"]), "vectors of", answer["dimension"], "numbers")'),
    "Python: OpenAI": openai(call),
    "Python: Cohere": cohere(call),
    JavaScript: javascript(call, 'console.log(answer.embeddings.length, "vectors of", answer.dimension, "numbers");'),
  }),
});

function vector({ embeddings: [only], dimension }) {
  const numbers = only.slice(0, SHOWN_NUMBERS).map((number) => number.toFixed(4));
  const sentence = `One vector of ${dimension} numbers: ${numbers.join(", ")} …`;
  return element("p", {}, sentence, " Send two texts or more to compare them.");
}

/** A button for a table with a line for each text: the text, then the numbers of its vector. */
function download({ embeddings, dimension }, texts) {
  const button = element("button", { type: "button" }, "Download the vectors");
  button.addEventListener("click", () => {
    const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
    const head = ["text", ...Array.from({ length: dimension }, (_, index) => index)].join();
    const rows = texts.map((text, index) => [quoted(text), ...embeddings[index]].join());
    const href = URL.createObjectURL(new Blob([[head, ...rows, ""].join("\r\n")], { type: "text/csv" }));
    element("a", { href, download: "vectors.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(href), DOWNLOAD_MS);
  });
  return element("p", { class: "send" }, button, element("span", { class: "hint" }, "CSV: the text, then its numbers"));
}

function matrix({ embeddings: all, truncated }, allTexts) {
  const [embeddings, texts] = [all, allTexts].map((list) => list.slice(0, COMPARED_TEXTS));
  // The vectors have unit length, so this is the cosine.
  const dot = (left, right) => left.reduce((sum, number, index) => sum + number * right[index], 0);
  const similarities = embeddings.map((left) => embeddings.map((right) => dot(left, right)));
  const others = similarities.flatMap((row, index) => row.filter((_, column) => column !== index));
  const [low, high] = [Math.min(...others), Math.max(...others)];
  const share = (value) => (value - low) / (high - low || 1);
  const columns = texts.map((text, index) => element("th", { scope: "col", title: text }, String(index + 1)));
  const rows = similarities.map((row, index) => {
    const name = element("th", { scope: "row" }, element("span", { class: "text" }, `${index + 1}  ${texts[index]}`));
    if (truncated.includes(index)) name.append(" ", truncatedMark());
    const nearest = Math.max(...row.filter((_, column) => column !== index));
    const other = (value) => cell(value, share(value), value === nearest);
    const cells = row.map((value, column) => (column === index ? self(value) : other(value)));
    return element("tr", {}, name, ...cells);
  });
  const compared = allTexts.length > COMPARED_TEXTS ? `The first ${COMPARED_TEXTS} texts. ` : "";
  const scale = `${compared}Cosine similarity, here from ${low.toFixed(2)} to ${high.toFixed(2)}. `;
  const note = element("p", { class: "hint" }, scale, "In each row the most similar text is ", element("b", {}, "bold"), ".");
  const head = element("tr", {}, element("th", { scope: "col" }, "Text"), ...columns);
  return table("matrix", "Similarities", note, head, rows);
}

const self = (value) => element("td", { class: "self" }, value.toFixed(2));

function cell(value, share, nearest) {
  const made = element("td", {}, nearest ? element("b", {}, value.toFixed(2)) : value.toFixed(2));
  made.style.setProperty("--share", share.toFixed(3));
  return made;
}

function openai(call) {
  const { url, body, noStore, model } = call;
  return `${pythonImports(call)}from openai import OpenAI

client = OpenAI(base_url="${new URL("v1", url)}", api_key=${pythonKey(call)})
answer = client.embeddings.create(
    model="${model}",
    input=${python(body.texts)},
    extra_body={"input_type": "${body.input_type}"},${argument(noStore, 'extra_headers={"Cache-Control": "no-store"}')}
)
print(len(answer.data), "vectors of", len(answer.data[0].embedding), "numbers")
`;
}

function cohere(call) {
  const { url, body, noStore, model } = call;
  return `${pythonImports(call)}import cohere

client = cohere.ClientV2(base_url="${new URL(".", url)}", api_key=${pythonKey(call)})
answer = client.embed(
    model="${model}",
    texts=${python(body.texts)},
    input_type="${COHERE_TYPES[body.input_type]}",
    embedding_types=["float"],${argument(noStore, COHERE_NO_STORE)}
)
vectors = answer.embeddings.float_
print(len(vectors), "vectors of", len(vectors[0]), "numbers")
`;
}
