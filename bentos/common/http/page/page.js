// What the pages of both services have in common: the model's state, sending a request, showing what came of it.

import { showCode } from "./code.js";
import { byId, count, element } from "./dom.js";
import { offerColumns } from "./table_paste.js";

const POLL_MS = 2000;

/**
 * Make the page work.
 *
 * service.path: the native route, relative to the page.
 * service.noun: what one item is called; service.items: id of the field that holds them, and their name in a request.
 * service.request(): the body to send.
 * service.result(answer, request): the element that shows the answer.
 * service.code(call): texts by language, for what was sent.
 */
export async function start(service) {
  let model = "";
  let busy = false;
  byId("request").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    byId("answer").setAttribute("aria-busy", "true");
    try {
      await send(service, model);
    } finally {
      busy = false;
      byId("answer").removeAttribute("aria-busy");
    }
  });
  byId("request").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("request").requestSubmit();
  });
  offerColumns(byId(service.items));
  model = await showModel();
}

async function showModel() {
  for (;;) {
    const health = await fetch("health").then((answer) => answer.json(), () => null);
    const state = element("span", { class: "state" }, health ? health.status : "not reachable");
    state.dataset.state = health?.status ?? "failed";
    byId("model").replaceChildren(...(health ? [element("code", {}, health.model), " "] : []), state);
    if (health?.quality === "demo") {
      byId("model").append(" ", element("span", { class: "mark" }, "demo quality: not for production"));
    }
    if (health?.model_loaded) return health.model;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function send(service, model) {
  const request = service.request();
  const key = byId("key").value.trim();
  const noStore = byId("no-store").checked;
  showError("");
  const headers = {
    "Content-Type": "application/json",
    ...(key && { Authorization: `Bearer ${key}` }),
    ...(noStore && { "Cache-Control": "no-store" }),
  };
  const started = performance.now();
  try {
    const answer = await fetch(service.path, { method: "POST", headers, body: JSON.stringify(request) });
    const body = await answer.json();
    const milliseconds = performance.now() - started;
    if (!answer.ok) return refuse(service, answer, body.error);
    showFacts(service, request, body, milliseconds);
    byId("result").replaceChildren(service.result(body, request));
    byId("answer").scrollIntoView({ block: "nearest" });
    showCode(service.code, { url: new URL(service.path, document.baseURI), body: request, key, noStore, model });
  } catch {
    showError("The service cannot be reached. Is it running?");
  }
}

function showFacts(service, request, body, milliseconds) {
  const items = request[service.items].length;
  const lost = body.truncated.map((index) => index + 1);
  const facts = {
    "Round trip": `${milliseconds.toFixed(1)} ms`,
    "In service": `${body.latency_ms.toFixed(1)} ms`,
    Tokens: body.tokens.toLocaleString("en"),
    Cached: `${body.cached} of ${items}`,
    Truncated: lost.length ? lost.map((place) => `${service.noun} ${place}`).join(", ") : "none",
  };
  byId("summary").textContent = `${count(items, service.noun)} in ${milliseconds.toFixed(1)} ms.`;
  const shown = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  byId("facts").replaceChildren(...Object.entries(facts).map(shown));
  byId("meaning").hidden = false;
}

function refuse(service, answer, error) {
  const wait = answer.headers.get("Retry-After");
  const place = error.param?.match(/^\w+\.(\d+)$/);
  const where = place ? `${service.noun} ${Number(place[1]) + 1}: ` : "";
  showError(`${where}${error.message}${wait ? ` Try again in ${wait} s.` : ""}`);
  const field = answer.status === 401 ? "key" : byId(error.param?.split(".")[0]) ? error.param.split(".")[0] : null;
  if (field) {
    byId(field).setAttribute("aria-invalid", "true");
    byId(field).focus();
  }
}

function showError(message) {
  byId("error").textContent = message;
  for (const field of document.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}
