// The dashboard's page: asks the API, draws, and asks again when the server says that there is news.

import { ask, base } from "./api.js";
import { drawChart, moveCursor } from "./chart.js";
import { byId, clock, duration, element, options } from "./elements.js";
import { explain } from "./explain.js";
import { listen } from "./news.js";
import {
  change, chosenView, credited, data, onChange, rangeParameters, readChoices, settle, shared, sortMeasure, state,
  titles, unit,
} from "./state.js";
import { drawCorrections, drawTable } from "./table.js";
import { drawCards, drawOpen } from "./totals.js";

// --- Asking ---

// Whether to ask again as soon as the answers are there.
let again = false;

async function refresh() {
  if (data.isBusy) { again = true; return; }
  data.isBusy = true;
  try {
    const common = {
      view: state.view, timezone: state.timezone, models: state.models.join(","), ...rangeParameters(),
      where: state.where.split("&").map((condition) => condition.trim()),
    };
    data.summary = await ask("api/summary", common);
    settle();
    drawChoices();
    common.view = state.view;
    common.models = state.models.join(",");
    const [over, detail] = await Promise.all([
      ask("api/rollups", { ...common, unit: unit(), by: "none", limit: "10000" }).catch(explained),
      ask("api/rollups", { ...common, unit: "all", by: state.by, filter: state.filter, sort: sortMeasure() }),
    ]);
    data.series = over;
    data.rows = detail;
    if (data.series) problem("");
    draw();
    document.body.dataset.loaded = String(Number(document.body.dataset.loaded || 0) + 1);
  } catch (error) {
    problem(error.message);
  } finally {
    data.isBusy = false;
    if (again) { again = false; setTimeout(refresh, 150); }
  }
}

function explained(error) { problem(error.message); return null; }

function problem(text) {
  byId("problem").hidden = !text;
  byId("problem").textContent = text;
}

function onStatus(status) {
  const isNew = !data.status || data.status.revisions !== status.revisions
    || data.status.final_through !== status.final_through;
  data.status = { ...status, at: Date.now() };
  showStatus();
  if (isNew && byId("explanation").hidden) refresh();
}

// --- Drawing ---

function draw() {
  showStatus();
  drawOpen();
  drawCards();
  drawChart();
  drawTable();
  drawCorrections();
}

function showStatus() {
  const { status } = data;
  if (!status) return;
  const behind = status.behind_ms === null ? null : status.behind_ms + Date.now() - status.at;
  const text = status.data_through
    ? `data through ${clock(status.data_through)}, ${duration(behind)} behind · final through ${clock(status.final_through)}`
    : "no data yet";
  // Spoken only when it changes in substance, not every second.
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

// --- What can be chosen ---

function drawChoices() {
  const { summary } = data;
  const { dimensions } = chosenView();
  options(byId("view"), summary.views.map((view) => view.name), state.view);
  options(byId("by"), dimensions, state.by, (name) => name.replace("_id", ""));
  byId("conditions").replaceChildren(...dimensions.map((name) => element("option", { value: name + "=" })));
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

function showDays() {
  for (const label of document.querySelectorAll(".days")) label.hidden = state.range !== "days";
}

// Choosing days begins with the last one there is.
function beginWithLastDay() {
  const { summary } = data;
  if (!state.from && summary && summary.total) {
    const last = new Date(Date.parse(summary.to) - 1);
    state.from = state.to = new Intl.DateTimeFormat("en-CA", { timeZone: summary.timezone }).format(last);
  }
  for (const key of ["from", "to"]) byId(key).value = state[key];
}

function listenToControls() {
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
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
    if (id) location.assign(new URL("conversions/" + encodeURIComponent(id), base));
  });
  byId("chart").addEventListener("keydown", (event) => {
    if (!data.series || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const last = data.series.spans.length - 1;
    const from = state.cursor < 0 ? last + 1 : state.cursor;
    moveCursor({ ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key]);
  });
  addEventListener("resize", () => { if (data.series) drawChart(); });
}

// --- Beginning ---

readChoices();
listenToControls();
showDays();
onChange(() => { showDays(); refresh(); });
setInterval(showStatus, 1000);
const conversion = location.pathname.match(/\/conversions\/([^/]+)$/);
if (conversion) explain(decodeURIComponent(conversion[1])); else refresh();
listen(onStatus);
