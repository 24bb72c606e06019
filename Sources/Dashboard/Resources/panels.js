// What the chart shows: its curves, their axes, and panels of at most two axes.

import { scaleOf } from "./format.js";
import { data, modelsOf, ratios, shared, spoken, state, titles, tone, valueOf } from "./state.js";

// The points of time, each with its row or null.
export function points() {
  const found = data.series.spans.map((span) => ({ ...span, row: null }));
  for (const row of data.series.rows) found[row.span].row = row;
  return found;
}

// A curve's value at a point: what is a sum is zero where there is nothing.
export function at(point, curve) {
  const value = valueOf(point.row, curve.measure, curve.model);
  return value === null ? (ratios.includes(curve.measure) || !isSum(curve.measure) ? null : 0) : Number(value);
}

const isSum = (measure) => !["users", "sessions"].includes(measure);

// Every chosen measure under every chosen model. With one measure the colours are the models'.
function curves() {
  const list = state.metrics.flatMap((measure) => modelsOf(measure).map((model) => ({ measure, model })));
  return list.map((curve, index) => ({
    ...curve, colour: state.metrics.length > 1 ? index % 6 : shared.includes(curve.measure) ? 0 : tone(curve.model),
    isShared: shared.includes(curve.measure),
  }));
}

export const nameOf = (curve) =>
  [state.metrics.length > 1 || curve.isShared ? titles[curve.measure] : "", curve.isShared ? "" : spoken(curve.model)]
    .filter(Boolean).join(", ");

// [{ axes: [{ scale, ceiling, step, curves }] }]: the left axis first.
export function panels(list) {
  const axes = [];
  for (const curve of curves()) {
    const scale = scaleOf(curve.measure);
    let axis = axes.find((axis) => axis.scale === scale);
    if (!axis) axes.push(axis = { scale, measure: curve.measure, curves: [] });
    axis.curves.push(curve);
  }
  for (const axis of axes) {
    const largest = Math.max(...list.flatMap((point) => axis.curves.map((curve) => at(point, curve) ?? 0)), 1e-6);
    axis.step = niceStep(largest / 4);
    axis.ceiling = Math.ceil(largest / axis.step) * axis.step;
  }
  const found = [];
  for (let index = 0; index < axes.length; index += 2) found.push({ axes: axes.slice(index, index + 2) });
  return found;
}

function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}
