// Lines of code that do what the page has just done. A key is never written out: they read it from API_KEY.

import { byId, element } from "./dom.js";

const json = (value) => JSON.stringify(value, null, 2);

/** A JSON value as Python; strings and lists of strings look the same there. */
export const python = (value, indent = "    ") => JSON.stringify(value, null, 4).replaceAll("\n", `\n${indent}`);

/** One more argument of a call in Python, if it is wanted. */
export const argument = (wanted, text) => (wanted ? `\n    ${text},` : "");

/** How Cohere's SDK asks for a computation anew. */
export const COHERE_NO_STORE = 'request_options={"additional_headers": {"Cache-Control": "no-store"}}';

/** The expression for the key in Python. */
export const pythonKey = ({ key }) => (key ? 'os.environ["API_KEY"]' : '"none"');

/** The import that `pythonKey` needs. */
export const pythonImports = ({ key }) => (key ? "import os\n\n" : "");

export function curl({ url, body, key, noStore }) {
  const quoted = `'${json(body).replaceAll("'", "'\\''")}'`;
  return [
    `curl -s ${url}`,
    "-H 'Content-Type: application/json'",
    ...(key ? ['-H "Authorization: Bearer $API_KEY"'] : []),
    ...(noStore ? ["-H 'Cache-Control: no-store'"] : []),
    `-d ${quoted}`,
  ].join(" \\\n  ");
}

/** `last` is what to do with the parsed `answer`. */
export function httpx({ url, body, key, noStore }, last) {
  const headers = [
    ...(key ? ['"Authorization": f"Bearer {os.environ[\'API_KEY\']}"'] : []),
    ...(noStore ? ['"Cache-Control": "no-store"'] : []),
  ];
  return `${pythonImports({ key })}import httpx

answer = httpx.post(
    "${url}",
    json=${python(body)},${argument(headers.length, `headers={${headers.join(", ")}}`)}
    timeout=30,
).raise_for_status().json()
${last}
`;
}

/** `last` is what to do with the parsed `answer`. */
export function javascript({ url, body, key, noStore }, last) {
  const headers = [
    '    "Content-Type": "application/json",',
    ...(key ? ["    Authorization: `Bearer ${process.env.API_KEY}`,"] : []),
    ...(noStore ? ['    "Cache-Control": "no-store",'] : []),
  ].join("\n");
  return `const response = await fetch("${url}", {
  method: "POST",
  headers: {
${headers}
  },
  body: JSON.stringify(${json(body).replaceAll("\n", "\n  ")}),
});
if (!response.ok) throw new Error(await response.text());
const answer = await response.json();
${last}
`;
}

/** Offer the snippets of a call, the language chosen before first. */
export function showCode(snippets, call) {
  const made = snippets(call);
  const before = document.querySelector("[name=language]:checked")?.value ?? Object.keys(made)[0];
  const choices = Object.keys(made).map((language) => choice(language, language === before, made));
  byId("languages").replaceChildren(byId("languages").querySelector("legend"), ...choices);
  show(made[before]);
  byId("copy").onclick = copy;
  byId("code").hidden = false;
}

function choice(language, checked, made) {
  const radio = element("input", { type: "radio", name: "language", value: language });
  radio.checked = checked;
  radio.addEventListener("change", () => show(made[language]));
  return element("label", {}, radio, element("span", {}, language));
}

function show(snippet) {
  byId("snippet").textContent = snippet;
  byId("copied").textContent = "";
}

async function copy() {
  try {
    await navigator.clipboard.writeText(byId("snippet").textContent);
    byId("copied").textContent = "Copied.";
  } catch {
    // Browsers lend the clipboard only to https and localhost.
    getSelection().selectAllChildren(byId("snippet"));
    byId("copied").textContent = "Selected: copy it with Ctrl C.";
  }
}
