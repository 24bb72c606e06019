// The dashboard's page: asks the API, draws, and asks again when the server says that there is news.
"use strict";

const shared = ["impressions", "clicks", "ctr", "spend", "cpc"];
const credited = ["conversions", "conversion_rate", "cpa", "revenue", "roas"];
const titles = {
  impressions: "Impressions", clicks: "Clicks", ctr: "CTR", spend: "Spend", cpc: "CPC",
  conversions: "Conversions", conversion_rate: "Conversion rate", cpa: "CPA", revenue: "Revenue", roas: "ROAS",
};
const percentages = ["ctr", "conversion_rate", "share"];
const money = ["spend", "cpc", "cpa", "revenue"];
const state = {
  view: "", by: "", range: "86400", from: "", to: "", unit: "auto", timezone: "", models: [],
  metric: "clicks", sort: "spend", ascending: false, filter: "", where: "", cursor: -1,
};
const byId = (id) => document.getElementById(id);
let summary = null, series = null, rows = null, busy = false, again = false, lastStatus = null;

// --- Talking to the server ---

function headers() {
  const token = sessionStorage.getItem("token");
  return token ? { authorization: "Bearer " + token } : {};
}

async function ask(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters || {})
    .flatMap(([name, value]) => [value].flat().map((value) => [name, value])).filter(([, value]) => value !== ""));
  const response = await fetch(path + (query.size ? "?" + query : ""), { headers: headers() });
  if (response.status === 401) { await login(); return ask(path, parameters); }
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
}

let loggingIn = null;
function login() {
  if (loggingIn) return loggingIn;
  loggingIn = new Promise((resolve) => {
    const dialog = byId("login");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem("token", byId("token").value);
      byId("token").value = "";
      loggingIn = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return loggingIn;
}

// Server-sent events by hand, because EventSource cannot send a token.
async function listen() {
  for (let pause = 500; ; pause = Math.min(pause * 2, 15000)) {
    try {
      const response = await fetch("/api/events", { headers: headers() });
      if (response.status === 401) { await login(); continue; }
      if (!response.ok) throw new Error(response.statusText);
      byId("dot").className = "dot live";
      pause = 500;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (data) onStatus(JSON.parse(data.slice(6)));
        }
      }
    } catch { /* Said by the dot, and tried again. */ }
    byId("dot").className = "dot lost";
    byId("status-text").textContent = "connection lost, trying again …";
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function onStatus(status) {
  const isNew = !lastStatus || lastStatus.revisions !== status.revisions
    || lastStatus.final_through !== status.final_through;
  lastStatus = { ...status, at: Date.now() };
  showStatus();
  if (isNew && byId("story").hidden) refresh();
}

function rangeParameters() {
  if (state.range === "all") return {};
  if (state.range !== "days") return { last: state.range };
  const parameters = state.from ? { from: state.from } : {};
  if (state.to) {
    const next = new Date(state.to + "T00:00:00Z");
    next.setUTCDate(next.getUTCDate() + 1);
    parameters.to = next.toISOString().slice(0, 10);
  }
  return parameters;
}

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const common = {
      view: state.view, timezone: state.timezone, models: state.models.join(","), ...rangeParameters(),
      where: state.where.split("&").map((condition) => condition.trim()),
    };
    summary = await ask("/api/summary", common);
    settle();
    common.view = state.view;
    common.models = state.models.join(",");
    const [over, detail] = await Promise.all([
      ask("/api/rollups", { ...common, unit: unit(), by: "none", limit: "10000" }).catch(explained),
      ask("/api/rollups", { ...common, unit: "all", by: state.by, filter: state.filter, sort: sortMeasure() }),
    ]);
    series = over;
    rows = detail;
    if (series) problem("");
    draw();
    document.body.dataset.loaded = String(Number(document.body.dataset.loaded || 0) + 1);
  } catch (error) {
    problem(error.message);
  } finally {
    busy = false;
    if (again) { again = false; setTimeout(refresh, 150); }
  }
}

function explained(error) { problem(error.message); return null; }

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text;
}

function unit() {
  if (state.unit !== "auto") return state.unit;
  const length = Date.parse(summary.to) - Date.parse(summary.from);
  const view = summary.views.find((view) => view.name === state.view);
  if (length / view.period_ms <= 300) return "window";
  return length <= 15 * 86400e3 ? "hour" : "day";
}

// --- What can be chosen ---

function options(select, values, chosen, label = (value) => value) {
  select.replaceChildren(...values.map((value) => {
    const option = element("option", {}, label(value));
    option.value = value;
    option.selected = value === chosen;
    return option;
  }));
}

// Takes over what the server knows, and what of the choices it does not have.
function settle() {
  const names = summary.views.map((view) => view.name);
  if (!names.includes(state.view)) state.view = summary.view;
  const view = summary.views.find((view) => view.name === state.view);
  if (!view.dimensions.includes(state.by)) state.by = view.dimensions[0] || "";
  state.models = state.models.filter((model) => summary.known_models.includes(model));
  if (!state.models.length) state.models = [summary.known_models[0]];
  options(byId("view"), names, state.view);
  options(byId("by"), view.dimensions, state.by, (name) => name.replace("_id", ""));
  byId("conditions").replaceChildren(...view.dimensions.map((name) => element("option", { value: name + "=" })));
  options(byId("metric"), [...shared, ...credited], state.metric, (name) => titles[name]);
  if (byId("models").childElementCount !== summary.known_models.length) {
    byId("models").replaceChildren(...summary.known_models.map((model) => {
      const box = element("input", { type: "checkbox", value: model });
      box.checked = state.models.includes(model);
      box.addEventListener("change", () => {
        const chosen = [...byId("models").querySelectorAll("input:checked")].map((box) => box.value);
        if (!chosen.length) { box.checked = true; return; }
        change({ models: chosen });
      });
      return element("label", {}, box, model.replaceAll("_", " "));
    }));
  }
}

function change(choices) {
  Object.assign(state, choices, { cursor: -1 });
  for (const label of document.querySelectorAll(".days")) label.hidden = state.range !== "days";
  const kept = new URLSearchParams();
  for (const key of ["view", "by", "range", "from", "to", "unit", "timezone", "metric", "sort", "filter", "where"]) {
    if (state[key]) kept.set(key, state[key]);
  }
  kept.set("models", state.models.join(","));
  history.replaceState(null, "", "?" + kept);
  refresh();
}

// Choosing days begins with the last one there is.
function beginWithLastDay() {
  if (!state.from && summary && summary.total) {
    const last = new Date(Date.parse(summary.to) - 1);
    state.from = state.to = new Intl.DateTimeFormat("en-CA", { timeZone: summary.timezone }).format(last);
  }
  for (const key of ["from", "to"]) byId(key).value = state[key];
}

// --- Drawing ---

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Every digit that counts: thousands apart, zeros at the end left out but for two decimals. Fractions
// are written as percentages, their point moved by text: no digit is rounded.
function digits(value, measure) {
  if (value === null || value === undefined) return "–";
  let [whole, decimals] = String(value).split(".");
  const isPercentage = percentages.includes(measure);
  if (isPercentage) {
    whole = (whole + decimals.slice(0, 2)).replace(/^0+(?=\d)/, "");
    decimals = decimals.slice(2);
  }
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  if (decimals === undefined) return grouped;
  const kept = decimals.replace(/0+$/, "").padEnd(2, "0");
  return grouped + "." + kept + (isPercentage ? "\u202f%" : "");
}

// The same digits, those after the second decimal small.
function figure(value, measure) {
  const [, head, tail, unit] = digits(value, measure).match(/^([^.]*(?:\.\d\d)?)(\d*)(.*)$/);
  const box = element("span", { class: "figure" }, head);
  if (tail) box.append(element("span", { class: "tail" }, tail));
  if (unit) box.append(element("span", { class: "unit" }, unit));
  return box;
}

const valueOf = (row, measure, model) =>
  row === null || row === undefined ? null : shared.includes(measure) ? row[measure] : row.models[model][measure];

function clock(instant) {
  if (!instant) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: summary ? summary.timezone : "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit",
    ...(Date.now() - Date.parse(instant) > 20 * 3600e3 ? { day: "numeric", month: "short" } : {}),
  }).format(new Date(instant));
}

function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return seconds + " s";
  if (seconds < 7200) return Math.floor(seconds / 60) + " min";
  if (seconds < 172800) return Math.floor(seconds / 3600) + " h";
  return Math.floor(seconds / 86400) + " days";
}

function showStatus() {
  const status = lastStatus;
  if (!status) return;
  const behind = status.behind_ms === null ? null : status.behind_ms + Date.now() - status.at;
  const text = status.data_through
    ? `data through ${clock(status.data_through)}, ${duration(behind)} behind · final through ${clock(status.final_through)}`
    : "no data yet";
  // Spoken only when it changes in substance, not every second.
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

function draw() {
  showStatus();
  drawOpen();
  drawCards();
  drawChart();
  drawTable();
  drawCorrections();
}

const spoken = (model) => model.replaceAll("_", " ");
const tone = (model) => summary.known_models.indexOf(model) % 6;
const titled = (measure) => titles[measure] + (money.includes(measure) ? ", " + summary.currency : "");

// What a corrected number was before, as a list of nothing or one element.
function correction(row, value, measure, model) {
  if (!row || !row.before) return [];
  const before = valueOf(row.before, measure, model);
  return before === value ? [] : [element("span", { class: "was" }, "was " + digits(before, measure))];
}

function drawOpen() {
  const count = summary.open_windows;
  byId("open").hidden = !count;
  byId("open").textContent = count === 1
    ? "The newest window is provisional: its numbers still move."
    : `The newest ${count} windows are provisional: their numbers still move.`;
}

function drawCards() {
  const old = new Map([...byId("cards").querySelectorAll("p")].map((p) => [p.dataset.key, p.dataset.value]));
  const cards = [];
  for (const measure of [...shared, ...credited]) {
    const card = element("div", { class: "card" }, element("h3", {}, titled(measure)));
    const models = shared.includes(measure) ? [state.models[0]] : state.models;
    for (const model of models) {
      const value = valueOf(summary.total, measure, model);
      const key = shared.includes(measure) ? measure : measure + "/" + model;
      const line = element("p", { "data-key": key, "data-value": value ?? "" }, figure(value, measure));
      if (old.has(key) && old.get(key) !== String(value ?? "")) line.className = "changed";
      if (models.length > 1) line.append(element("small", { class: "model m" + tone(model) }, spoken(model)));
      line.append(...correction(summary.total, value, measure, model));
      card.append(line);
    }
    cards.push(card);
  }
  byId("cards").replaceChildren(...cards);
}

function points() {
  const found = series.spans.map((span) => ({ ...span, row: null }));
  for (const row of series.rows) found[row.span].row = row;
  return found;
}

function drawChart() {
  const box = byId("chart");
  if (!series || !series.spans.length) { box.replaceChildren(); return; }
  const width = Math.max(280, box.clientWidth), height = box.clientHeight;
  const left = 62, right = 12, top = 10, bottom = 24;
  const list = points();
  const models = shared.includes(state.metric) ? [state.models[0]] : state.models;
  const ratio = ["ctr", "cpc", "conversion_rate", "cpa", "roas"].includes(state.metric);
  const at = (point, model) => {
    const value = valueOf(point.row, state.metric, model);
    return value === null ? (ratio ? null : 0) : Number(value);
  };
  const largest = Math.max(...list.flatMap((point) => models.map((model) => at(point, model) ?? 0)), 1e-6);
  const step = niceStep(largest / 4);
  const ceiling = Math.ceil(largest / step) * step;
  const x = (index) => left + (width - left - right) * (list.length > 1 ? index / (list.length - 1) : 0.5);
  const y = (value) => height - bottom - (height - top - bottom) * value / ceiling;
  const picture = drawing("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const firstOpen = list.findIndex((point) => !point.final);
  if (firstOpen >= 0) {
    const start = x(Math.max(0, firstOpen - 0.5));
    picture.append(drawing("rect", { class: "open", x: start, y: top, width: Math.max(3, width - right - start), height: height - top - bottom }));
  }
  for (let value = 0; value <= ceiling + step / 2; value += step) {
    picture.append(drawing("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      drawing("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, brief(value, state.metric)));
  }
  const labels = Math.max(2, Math.floor(width / 130));
  for (let label = 0; label < labels; label++) {
    const index = Math.round(label * (list.length - 1) / (labels - 1));
    const anchor = label === 0 ? "start" : label === labels - 1 ? "end" : "middle";
    picture.append(drawing("text", { x: x(index), y: height - 6, "text-anchor": anchor }, spanName(list[index])));
  }
  models.forEach((model, order) => {
    const colour = shared.includes(state.metric) ? 0 : tone(model);
    if (models.length === 1 && !ratio && list.length > 1) {
      const ground = y(0).toFixed(1);
      const edge = list.map((point, index) => `${x(index).toFixed(1)} ${y(at(point, model)).toFixed(1)}`);
      picture.append(drawing("path", {
        class: "area p" + colour, d: `M${x(0).toFixed(1)} ${ground}L${edge.join("L")}L${x(list.length - 1).toFixed(1)} ${ground}z`,
      }));
    }
    for (const isFinal of [true, false]) {
      let path = "";
      let isDown = false;
      list.forEach((point, index) => {
        const value = at(point, model);
        const belongs = isFinal ? point.final : !point.final || (list[index + 1] && !list[index + 1].final);
        if (value === null || !belongs) { isDown = false; return; }
        path += `${isDown ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
        isDown = true;
      });
      if (path) picture.append(drawing("path", { class: `line s${colour}${isFinal ? "" : " provisional"}`, d: path }));
    }
    if (list.length === 1 && at(list[0], model) !== null) {
      picture.append(drawing("circle", { class: `p${colour}`, cx: x(0), cy: y(at(list[0], model)), r: 4 }));
    }
    list.forEach((point, index) => {
      if (!point.row || !point.row.before || at(point, model) === null) return;
      const before = valueOf(point.row.before, state.metric, model);
      if (before === valueOf(point.row, state.metric, model)) return;
      const centre = [x(index), y(at(point, model))];
      picture.append(drawing("path", { class: "correction", d: `M${centre[0]} ${centre[1] - 6}l6 6l-6 6l-6 -6z` }));
    });
  });
  if (state.cursor >= list.length) state.cursor = list.length - 1;
  if (state.cursor >= 0) {
    picture.append(drawing("line", { class: "cursor", x1: x(state.cursor), x2: x(state.cursor), y1: top, y2: height - bottom }));
    models.forEach((model) => {
      const value = at(list[state.cursor], model);
      const colour = shared.includes(state.metric) ? 0 : tone(model);
      if (value !== null) picture.append(drawing("circle", { class: `p${colour}`, cx: x(state.cursor), cy: y(value), r: 4 }));
    });
  }
  box.replaceChildren(picture);
  box.setAttribute("aria-label", `${titles[state.metric]} over ${list.length} points`
    + (shared.includes(state.metric) ? "" : `, ${models.map(spoken).join(" and ")}`));
  box.onpointermove = (event) => {
    const place = event.clientX - box.getBoundingClientRect().left;
    moveCursor(Math.round((place - left) / Math.max(1, width - left - right) * (list.length - 1)));
  };
  readOut(list, models);
  drawLegend(models, list.some((point) => !point.final), list.some((point) => point.row && point.row.before));
}

function moveCursor(index) {
  const last = series.spans.length - 1;
  const next = Math.min(last, Math.max(0, index));
  if (next === state.cursor) return;
  state.cursor = next;
  drawChart();
}

function readOut(list, models) {
  const point = list[state.cursor];
  if (!point) { byId("readout").textContent = "\u00a0"; return; }
  const parts = models.map((model) => {
    const value = valueOf(point.row, state.metric, model);
    const written = digits(value, state.metric);
    let text = shared.includes(state.metric) ? written : `${spoken(model)} ${written}`;
    const before = point.row && point.row.before ? valueOf(point.row.before, state.metric, model) : value;
    if (before !== value) text += ` (was ${digits(before, state.metric)})`;
    return text;
  });
  byId("readout").textContent =
    `${spanName(point)}: ${titles[state.metric]} ${parts.join(", ")}${point.final ? "" : " · provisional"}`;
}

function drawLegend(models, hasOpen, hasCorrections) {
  const entry = (shape, text) =>
    element("span", {}, drawing("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, shape), text);
  const entries = shared.includes(state.metric) ? [] : models.map((model) =>
    entry(drawing("path", { class: `line s${tone(model)}`, d: "M0 6H26" }), spoken(model)));
  if (hasOpen) entries.push(entry(drawing("path", { class: "line provisional s0", d: "M0 6H26" }), "provisional"));
  if (hasCorrections) entries.push(entry(drawing("path", { class: "correction", d: "M13 1l5 5l-5 5l-5 -5z" }), "corrected since final"));
  byId("legend").replaceChildren(...entries);
}

// The day where it is not the same for all, the second where windows are shorter than a minute.
function spanName(span) {
  const spans = series.spans;
  const period = summary.views.find((view) => view.name === summary.view).period_ms;
  const time = span.local.slice(11, series.unit === "window" && period % 60000 ? 19 : 16);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })
    .format(new Date(span.local.slice(0, 10)));
  if (series.unit === "day") return day;
  const isOneDay = spans[0].local.slice(0, 10) === spans[spans.length - 1].local.slice(0, 10);
  return isOneDay ? time : `${day}, ${time}`;
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

function brief(value, measure) {
  if (percentages.includes(measure)) return Number((100 * value).toPrecision(3)) + "\u202f%";
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

const columns = () => [
  ...shared.map((measure) => ({ key: measure, measure, model: state.models[0], several: false })),
  ...state.models.flatMap((model) => credited.map((measure) =>
    ({ key: measure + "/" + model, measure, model, several: state.models.length > 1 }))),
];

const sortMeasure = () => (state.sort === "name" ? "spend" : state.sort.split("/")[0]);

function drawTable() {
  const head = element("tr", {}, headerCell("name", state.by.replace("_id", ""), ""));
  for (const column of columns()) {
    head.append(headerCell(column.key, titled(column.measure), column.several ? column.model : ""));
  }
  const sorted = [...rows.rows].sort(compareRows);
  const largest = Math.max(...sorted.map((row) => Number(sortedValue(row) ?? 0)));
  const body = sorted.map((row) => tableRow(rowName(row), row, largest));
  // Where all of them are provisional, the line above the numbers has said so.
  const areAllOpen = sorted.every((row) => !row.final);
  if (!state.filter && summary.total) {
    const total = tableRow("total", summary.total, 0);
    total.classList.add("total");
    body.push(total);
  }
  byId("table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
  byId("table").classList.toggle("all-open", areAllOpen);
  byId("count").textContent = rows.row_count > rows.rows.length
    ? `${rows.rows.length} of ${rows.row_count}` : `${rows.row_count}`;
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

function drawCorrections() {
  byId("corrections").hidden = !summary.corrections.length;
  byId("corrections").querySelector("summary").textContent = `Corrections of final windows (${summary.corrections.length})`;
  const head = element("tr", {}, ...["Window", "What", "Now", "Was", "Revision"].map((title) => element("th", { scope: "col" }, title)));
  const body = summary.corrections.map((correction) => {
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

// --- One conversion ---

async function explain(id) {
  const box = byId("story");
  byId("overview").hidden = true;
  box.hidden = false;
  box.replaceChildren(element("p", {}, "looking it up …"));
  try {
    drawStory(await ask("/api/conversions/" + encodeURIComponent(id)));
  } catch (error) {
    box.replaceChildren(element("div", {}, element("h2", {}, "Conversion " + id), element("p", {}, error.message)));
  }
}

// A time as people of the chosen zone write it; exactly in the element's attribute.
function moment(instant) {
  const text = new Intl.DateTimeFormat("en-GB", {
    timeZone: state.timezone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
    fractionalSecondDigits: 3,
  }).format(new Date(instant));
  return element("time", { datetime: instant, title: instant }, text);
}

const placeOf = (touch) => [touch.campaign_id, touch.channel, touch.ad_id].filter(Boolean).join(" / ") || "(none)";

function drawStory(story) {
  const items = story.touches.map((touch) => ({
    time: touch.event_time,
    node: element("li", { class: touch.eligible ? "eligible" : "other" }, moment(touch.event_time),
      element("span", { class: "what" }, `${touch.kind} on `, element("b", {}, placeOf(touch))),
      element("span", { class: "verdict" }, touch.verdict), element("code", {}, touch.event_id)),
  }));
  items.push({
    time: story.event_time + "~",
    node: element("li", { class: "conversion" }, moment(story.event_time),
      element("span", { class: "what" }, "conversion worth ", element("b", {}, figure(story.value)), " " + story.currency)),
  });
  items.sort((left, right) => (left.time < right.time ? -1 : 1));
  document.title = `Conversion ${story.conversion_id} · Tributary`;
  byId("story").replaceChildren(
    element("p", {}, element("a", { href: "/" }, "← all numbers")),
    element("div", {}, element("h2", {}, `Conversion ${story.conversion_id}`),
      element("p", { class: "quiet" }, `user ${story.user_id} · times of ${state.timezone}`),
      element("ol", {}, ...items.map((item) => item.node))),
    element("div", {}, element("h2", {}, "Who earned it"), ...credits(story)),
    element("div", {}, element("h2", {}, "What changed it"),
      element("ol", { class: "plain" }, ...story.revisions.map((revision) =>
        element("li", {}, element("b", {}, `Revision ${revision.revision}`), " · " + revision.changes.join("; "))))));
}

// A line per touch and a column per model: the share with a bar, and the revenue.
function credits(story) {
  const latest = story.revisions[story.revisions.length - 1];
  if (!latest.touches.length) return [element("p", {}, "No eligible touch: all of it is unattributed under every model.")];
  const models = Object.keys(latest.credit);
  const places = new Map(story.touches.map((touch) => [touch.event_id, placeOf(touch)]));
  const head = element("tr", {}, ...["Touch", ...models.map(spoken)].map((title) => element("th", { scope: "col" }, title)));
  const body = latest.touches.map((touch, index) => {
    const line = element("tr", {}, element("th", { scope: "row" }, places.get(touch) || "", " ", element("code", {}, touch)));
    for (const model of models) {
      const credit = latest.credit[model][index];
      const cell = element("td", { class: "bar" }, figure(credit, "share"),
        element("span", { class: "money" }, figure(latest.revenue[model][index]), " " + story.currency));
      cell.style.setProperty("--share", `${(100 * Number(credit)).toFixed(1)}%`);
      line.append(cell);
    }
    return line;
  });
  return [element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)))];
}

// --- Beginning ---

function begin() {
  const kept = new URLSearchParams(location.search);
  for (const key of Object.keys(state)) if (kept.has(key) && key !== "models") state[key] = kept.get(key);
  state.models = (kept.get("models") || "").split(",").filter(Boolean);
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  state.timezone = state.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  byId("zones").replaceChildren(...["UTC", ...zones].map((zone) => element("option", { value: zone })));
  for (const key of ["view", "by", "range", "from", "to", "unit", "timezone", "metric"]) {
    if (["range", "from", "to", "unit", "timezone"].includes(key)) byId(key).value = state[key];
    byId(key).addEventListener("change", () => {
      if (key === "range" && byId("range").value === "days") beginWithLastDay();
      change({ [key]: byId(key).value });
    });
  }
  byId("filter").value = state.filter;
  let typing = 0;
  byId("filter").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ filter: byId("filter").value }), 200);
  });
  // Several conditions stand between ampersands. Half of one is none.
  byId("where").value = state.where;
  byId("where").addEventListener("change", () => change({ where: byId("where").value }));
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("lookup").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = byId("conversion").value.trim();
    if (id) location.assign("/conversions/" + encodeURIComponent(id));
  });
  byId("chart").addEventListener("keydown", (event) => {
    if (!series || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const last = series.spans.length - 1;
    const from = state.cursor < 0 ? last + 1 : state.cursor;
    moveCursor({ ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key]);
  });
  addEventListener("resize", () => { if (series) drawChart(); });
  setInterval(showStatus, 1000);
  for (const label of document.querySelectorAll(".days")) label.hidden = state.range !== "days";
  const conversion = location.pathname.match(/^\/conversions\/([^/]+)$/);
  if (conversion) explain(decodeURIComponent(conversion[1])); else refresh();
  listen();
}

begin();
