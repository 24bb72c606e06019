// The chart: the chosen metric over time, with a cursor that reads a point out.

import { brief, byId, digits, drawing, element } from "./elements.js";
import { data, shared, spoken, state, titles, tone, valueOf } from "./state.js";

function points() {
  const found = data.series.spans.map((span) => ({ ...span, row: null }));
  for (const row of data.series.rows) found[row.span].row = row;
  return found;
}

export function drawChart() {
  const box = byId("chart");
  if (!data.series || !data.series.spans.length) { box.replaceChildren(); return; }
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

export function moveCursor(index) {
  const last = data.series.spans.length - 1;
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
  const spans = data.series.spans;
  const period = data.summary.views.find((view) => view.name === data.summary.view).period_ms;
  const time = span.local.slice(11, data.series.unit === "window" && period % 60000 ? 19 : 16);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })
    .format(new Date(span.local.slice(0, 10)));
  if (data.series.unit === "day") return day;
  const isOneDay = spans[0].local.slice(0, 10) === spans[spans.length - 1].local.slice(0, 10);
  return isOneDay ? time : `${day}, ${time}`;
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}
