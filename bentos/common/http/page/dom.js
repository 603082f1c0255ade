// Reading and making elements.

export const byId = (id) => document.getElementById(id);

/** The lines of a text field that are not blank. */
export const lines = (id) => byId(id).value.split("\n").filter((line) => line.trim());

/** A new element with attributes and children, which are elements or texts. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A mark on a text that lost tokens. */
export const truncatedMark = () => element("span", { class: "mark" }, "truncated");

/** "1 text", "2 texts". */
export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

/** A table under a note, which scrolls sideways where it is too wide, by keyboard too. */
export function table(kind, label, note, head, rows) {
  const made = element("table", { class: kind }, element("thead", {}, head), element("tbody", {}, ...rows));
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, made);
  return element("div", {}, note, scroll);
}
