// What the chart says in words: which curve is which, and the numbers under the cursor.

import { byId, drawing, element } from "./elements.js";
import { digits, rounded } from "./format.js";
import { nameOf } from "./panels.js";
import { patch } from "./patch.js";
import { data, state, titles, valueOf } from "./state.js";

export function readOut(list, curves) {
  const point = list[state.cursor];
  const write = state.exact ? digits : rounded;
  const parts = point ? curves.map((curve) => {
    const value = valueOf(point.row, curve.measure, curve.model);
    const before = point.row && point.row.before ? valueOf(point.row.before, curve.measure, curve.model) : value;
    return element("span", { title: digits(value, curve.measure) },
      `${nameOf(curve)} ${write(value, curve.measure)}${before === value ? "" : ` (was ${write(before, curve.measure)})`}`);
  }) : [];
  // Where all curves are of one measure, it is said once.
  const measure = state.metrics.length === 1 && curves.some((curve) => !curve.isShared) ? titles[state.metrics[0]] + " " : "";
  const text = point ? [spanName(point) + ": " + measure, ...parts.flatMap((part, index) => (index ? [" · ", part] : [part])),
    point.final ? "" : " · provisional"] : ["\u00a0"];
  patch(byId("readout"), ...text.filter(Boolean));
}

export function drawLegend(curves, hasOpen, hasCorrections) {
  const entry = (shape, text) =>
    element("span", {}, drawing("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, shape), text);
  const entries = curves.length === 1 && curves[0].isShared ? [] : curves.map((curve) =>
    entry(drawing("path", { class: `line s${curve.colour}`, d: "M0 6H26" }), nameOf(curve)));
  if (hasOpen) entries.push(entry(drawing("path", { class: "line provisional s0", d: "M0 6H26" }), "provisional"));
  if (hasCorrections) entries.push(entry(drawing("path", { class: "correction", d: "M13 2l4 4l-4 4l-4 -4z" }), "corrected since final"));
  patch(byId("legend"), ...entries);
}

// The day where it is not the same for all, the second where windows are shorter than a minute.
export function spanName(span) {
  const spans = data.series.spans;
  const period = data.summary.views.find((view) => view.name === data.summary.view).period_ms;
  const time = span.local.slice(11, data.series.unit === "window" && period % 60000 ? 19 : 16);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" })
    .format(new Date(span.local.slice(0, 10)));
  if (data.series.unit === "day") return day;
  const isOneDay = spans[0].local.slice(0, 10) === spans[spans.length - 1].local.slice(0, 10);
  return isOneDay ? time : `${day}, ${time}`;
}
