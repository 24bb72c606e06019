// The table of the chosen dimension, and the one of corrections.

import { action, byId, correction, element, figure } from "./elements.js";
import { patch } from "./patch.js";
import { conditions } from "./questions.js";
import {
  credited, data, named, present, shared, spoken, state, titled, tone, valueOf,
} from "./state.js";

const columns = () => [
  ...present(shared, data.rows.rows).map((measure) => ({ key: measure, measure, model: state.models[0], several: false })),
  ...state.models.flatMap((model) => credited.map((measure) =>
    ({ key: measure + "/" + model, measure, model, several: state.models.length > 1 }))),
];

export function drawTable() {
  const list = columns();
  const head = element("tr", {}, headerCell("name", named(state.by), ""));
  for (const column of list) head.append(headerCell(column.key, titled(column.measure), column.several ? column.model : ""));
  const sorted = [...data.rows.rows].sort(compareRows);
  const largest = Math.max(...sorted.map((row) => Number(sortedValue(row) ?? 0)));
  const body = sorted.map((row) => tableRow(row.dimensions[state.by], row, largest, list));
  // Where all of them are provisional, the line above the numbers has said so.
  const areAllOpen = sorted.every((row) => !row.final);
  if (!state.filter && data.summary.total) body.push(tableRow(null, data.summary.total, 0, list));
  patch(byId("table"), element("thead", {}, head), element("tbody", {}, ...body));
  byId("table").classList.toggle("all-open", areAllOpen);
  byId("count").textContent = data.rows.row_count > data.rows.rows.length
    ? `${data.rows.rows.length} of ${data.rows.row_count}` : `${data.rows.row_count}`;
}

const rowName = (row) => row.dimensions[state.by] || "(none)";

// A bar behind the number that the rows are sorted by shows its size against the largest. The total has no value.
function tableRow(value, row, largest, list) {
  const isTotal = value === null;
  const name = isTotal ? "total" : value || "(none)";
  const isChosen = !isTotal && conditions().includes(`${state.by}=${value}`);
  const first = element("th", { scope: "row", title: name },
    isTotal || isChosen ? name : action("drill", JSON.stringify([state.by, value]), { class: "name" }, name));
  const line = element("tr", { "data-name": name, "data-item": isTotal ? "total" : "row " + value }, first);
  if (isTotal) line.classList.add("total");
  if (!row.final) {
    first.append(element("span", { class: "badge", title: "with windows that are not final yet" }, "provisional"));
    line.classList.add("open-row");
  }
  for (const column of list) {
    const number = valueOf(row, column.measure, column.model);
    const cell = element("td", { "data-key": column.key, "data-item": column.key, "data-value": number ?? "" },
      ...correction(row, number, column.measure, column.model), figure(number, column.measure));
    if (largest > 0 && number !== null && column.key === sortColumn()) {
      cell.className = "bar";
      cell.style.setProperty("--share", `${(100 * Number(number) / largest).toFixed(1)}%`);
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
  const isChosen = sortColumn() === key;
  const button = action("sort", key, {}, title);
  // For the eye; `aria-sort` says the same.
  if (isChosen) button.append(element("span", { "aria-hidden": "true" }, state.ascending ? " ▲" : " ▼"));
  const cell = element("th", { scope: "col", "data-item": "head " + key }, button);
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
  const { corrections } = data.summary;
  byId("corrections").hidden = !corrections.length;
  byId("corrections").querySelector("summary").textContent = `Corrections of final windows (${corrections.length})`;
  const [measure] = state.metrics, [model] = state.models;
  const head = element("tr", {}, ...["Window", "What", "Now", "Was", "Revision"].map((title) => element("th", { scope: "col" }, title)));
  const body = corrections.map((correction) => element("tr", {},
    element("td", {}, correction.local.slice(0, 16).replace("T", " ")),
    element("td", {}, Object.values(correction.dimensions).join(" / ") || "(none)"),
    element("td", {}, figure(valueOf(correction.after, measure, model), measure)),
    element("td", { class: "old" }, figure(valueOf(correction.before, measure, model), measure)),
    element("td", {}, String(correction.revision))));
  patch(byId("corrected"), element("caption", {}, `${titled(measure)}, ${spoken(model)}; the measure is the chart's first`),
    element("thead", {}, head), element("tbody", {}, ...body));
}
