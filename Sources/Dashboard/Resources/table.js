// The tables: rows of the chosen dimension, and corrections of final windows.

import { byId, correction, element, figure } from "./elements.js";
import { change, credited, data, shared, spoken, state, titled, tone, valueOf } from "./state.js";

const columns = () => [
  ...shared.map((measure) => ({ key: measure, measure, model: state.models[0], several: false })),
  ...state.models.flatMap((model) => credited.map((measure) =>
    ({ key: measure + "/" + model, measure, model, several: state.models.length > 1 }))),
];

export function drawTable() {
  const head = element("tr", {}, headerCell("name", state.by.replace("_id", ""), ""));
  for (const column of columns()) {
    head.append(headerCell(column.key, titled(column.measure), column.several ? column.model : ""));
  }
  const sorted = [...data.rows.rows].sort(compareRows);
  const largest = Math.max(...sorted.map((row) => Number(sortedValue(row) ?? 0)));
  const body = sorted.map((row) => tableRow(rowName(row), row, largest));
  // Where all of them are provisional, the line above the numbers has said so.
  const areAllOpen = sorted.every((row) => !row.final);
  if (!state.filter && data.summary.total) {
    const total = tableRow("total", data.summary.total, 0);
    total.classList.add("total");
    body.push(total);
  }
  byId("table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
  byId("table").classList.toggle("all-open", areAllOpen);
  byId("count").textContent = data.rows.row_count > data.rows.rows.length
    ? `${data.rows.rows.length} of ${data.rows.row_count}` : `${data.rows.row_count}`;
}

const rowName = (row) => row.dimensions[state.by] || "(none)";

// A bar behind the number that the rows are sorted by shows its size against the largest.
function tableRow(name, row, largest) {
  const first = element("th", { scope: "row", title: name }, name);
  const line = element("tr", { "data-name": name }, first);
  if (!row.final) {
    first.append(element("span", { class: "badge", title: "with windows that are not final yet" }, "provisional"));
    line.classList.add("open-row");
  }
  for (const column of columns()) {
    const value = valueOf(row, column.measure, column.model);
    const cell = element("td", { "data-key": column.key, "data-value": value ?? "" }, figure(value, column.measure));
    cell.append(...correction(row, value, column.measure, column.model));
    if (largest > 0 && value !== null && column.key === sortColumn()) {
      cell.className = "bar";
      cell.style.setProperty("--share", `${(100 * Number(value) / largest).toFixed(1)}%`);
    }
    line.append(cell);
  }
  return line;
}

// The column that the rows are sorted by, under a model that is chosen; "name" for none.
function sortColumn() {
  const [measure, model] = state.sort.split("/");
  if (measure === "name" || shared.includes(measure)) return measure;
  return measure + "/" + (state.models.includes(model) ? model : state.models[0]);
}

function sortedValue(row) {
  const [measure, model] = sortColumn().split("/");
  return measure === "name" ? null : valueOf(row, measure, model);
}

function headerCell(key, title, model) {
  const isChosen = state.sort === key;
  const button = element("button", { type: "button" }, title);
  // For the eye; `aria-sort` says the same.
  if (isChosen) button.append(element("span", { "aria-hidden": "true" }, state.ascending ? " ▲" : " ▼"));
  button.addEventListener("click", () => {
    state.ascending = isChosen ? !state.ascending : key === "name";
    change({ sort: key });
  });
  const cell = element("th", { scope: "col" }, button);
  if (model) cell.prepend(element("span", { class: "model m" + tone(model) }, spoken(model)));
  if (isChosen) cell.setAttribute("aria-sort", state.ascending ? "ascending" : "descending");
  return cell;
}

function compareRows(left, right) {
  const names = rowName(left) < rowName(right) ? -1 : 1;
  const direction = state.ascending ? 1 : -1;
  if (state.sort === "name") return names * direction;
  const a = sortedValue(left), b = sortedValue(right);
  // What has no value comes last, whichever way.
  if (a === null || b === null) return a === b ? names : a === null ? 1 : -1;
  return Number(a) === Number(b) ? names : (Number(a) - Number(b)) * direction;
}

export function drawCorrections() {
  byId("corrections").hidden = !data.summary.corrections.length;
  byId("corrections").querySelector("summary").textContent = `Corrections of final windows (${data.summary.corrections.length})`;
  const head = element("tr", {}, ...["Window", "What", "Now", "Was", "Revision"].map((title) => element("th", { scope: "col" }, title)));
  const body = data.summary.corrections.map((correction) => {
    const model = state.models[0];
    return element("tr", {},
      element("td", {}, correction.local.slice(0, 16).replace("T", " ")),
      element("td", {}, Object.values(correction.dimensions).join(" / ") || "(none)"),
      element("td", {}, figure(valueOf(correction.after, state.metric, model), state.metric)),
      element("td", { class: "old" }, figure(valueOf(correction.before, state.metric, model), state.metric)),
      element("td", {}, String(correction.revision)));
  });
  byId("corrected").replaceChildren(element("caption", {}, `${titled(state.metric)}, ${spoken(state.models[0])}; the metric is the chart's`), element("thead", {}, head), element("tbody", {}, ...body));
}
