// A table that is pasted into the field of texts, from a spreadsheet or a CSV file: one of its columns can be kept.

import { byId, element } from "./dom.js";

export function offerColumns(field) {
  field.addEventListener("paste", (event) => {
    const rows = parseTable(event.clipboardData.getData("text/plain"));
    byId("pasted").replaceChildren(...(rows ? [chooser(field, rows)] : []));
  });
}

/** Rows of cells, which tabs, semicolons or commas separate; null where lines are not equally long in any of them. */
function parseTable(text) {
  for (const separator of ["\t", ";", ","]) {
    const rows = parseRows(text, separator);
    const columns = rows[0]?.length;
    if (rows.length > 1 && columns > 1 && rows.every((row) => row.length === columns)) return rows;
  }
  return null;
}

/** As RFC 4180 has it: a quoted cell may hold separators and line breaks, and a quote twice for one. */
function parseRows(text, separator) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const row = rows.at(-1);
    const character = text[at];
    if (quoted && character !== '"') row[row.length - 1] += character;
    else if (quoted && text[at + 1] === '"') row[row.length - 1] += text[(at += 1)];
    else if (quoted) quoted = false;
    else if (character === '"' && !row.at(-1)) quoted = true;
    else if (character === separator) row.push("");
    else if (character === "\n") rows.push([""]);
    else if (character !== "\r") row[row.length - 1] += character;
  }
  return rows.filter((row) => row.some((cell) => cell.trim()));
}

function chooser(field, rows) {
  const names = rows[0].map((name, index) => element("option", { value: index }, name.trim() || `column ${index + 1}`));
  const column = element("select", { id: "column" }, ...names);
  const named = element("input", { type: "checkbox", checked: "" });
  const keep = element("button", { type: "button" }, "Keep this column");
  keep.addEventListener("click", () => {
    const cells = rows.slice(named.checked ? 1 : 0).map((row) => row[column.value].replace(/\s+/g, " ").trim());
    field.value = cells.filter(Boolean).join("\n");
    byId("pasted").replaceChildren();
    field.focus();
  });
  return element(
    "fieldset",
    {},
    element("legend", {}, `You have pasted a table of ${rows.length} rows`),
    element("label", { for: "column" }, "Column "),
    column,
    element("label", { class: "choice" }, named, " The first row has the names"),
    keep,
  );
}
