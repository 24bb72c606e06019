// The chart: the chosen measures over time, with a cursor that reads a point out.

import { byId, drawing } from "./elements.js";
import { brief } from "./format.js";
import { drawLegend, readOut, spanName } from "./legend.js";
import { at, panels, points } from "./panels.js";
import { data, ratios, state, titled, titles, valueOf } from "./state.js";

const panelHeight = 240, gap = 18, bottom = 24, left = 62;

export function drawChart() {
  const box = byId("chart");
  if (!data.series || !data.series.spans.length) { box.replaceChildren(); byId("legend").replaceChildren(); return; }
  const list = points();
  const shown = panels(list);
  const hasRight = shown.some((panel) => panel.axes.length > 1), hasTitles = shown.length > 1 || hasRight;
  const right = hasRight ? left : 12, top = hasTitles ? 26 : 10;
  const width = Math.max(280, box.clientWidth);
  const each = innerWidth <= 640 ? 0.72 * panelHeight : panelHeight;
  const height = shown.length * (each + top) + (shown.length - 1) * gap + bottom;
  box.style.height = height + "px";
  const x = (index) => left + (width - left - right) * (list.length > 1 ? index / (list.length - 1) : 0.5);
  const picture = drawing("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  if (state.cursor >= list.length) state.cursor = list.length - 1;
  shown.forEach((panel, order) => {
    const ceiling = order * (each + top + gap) + top;
    drawPanel(picture, panel, list, { x, left, right, width, top: ceiling, ground: ceiling + each, hasTitles });
  });
  drawTimes(picture, list, x, width, height);
  box.replaceChildren(picture);
  box.setAttribute("aria-label", `${state.metrics.map((measure) => titles[measure]).join(" and ")} over ${list.length} points`);
  box.onpointermove = (event) => {
    const place = event.clientX - box.getBoundingClientRect().left;
    moveCursor(Math.round((place - left) / Math.max(1, width - left - right) * (list.length - 1)));
  };
  const all = shown.flatMap((panel) => panel.axes.flatMap((axis) => axis.curves));
  readOut(list, all);
  drawLegend(all, list.some((point) => !point.final), list.some((point) => point.row && point.row.before));
}

export function moveCursor(index) {
  const next = Math.min(data.series.spans.length - 1, Math.max(0, index));
  if (next === state.cursor) return;
  state.cursor = next;
  drawChart();
}

function drawPanel(picture, panel, list, place) {
  const { x, left, right, width, top, ground } = place;
  const firstOpen = list.findIndex((point) => !point.final);
  if (firstOpen >= 0) {
    const start = x(Math.max(0, firstOpen - 0.5));
    picture.append(drawing("rect", { class: "open", x: start, y: top, width: Math.max(3, width - right - start), height: ground - top }));
  }
  const curves = panel.axes.flatMap((axis, side) => {
    const y = (value) => ground - (ground - top) * value / axis.ceiling;
    const edge = side ? width - right + 8 : left - 8, anchor = side ? "start" : "end";
    for (let value = 0; value <= axis.ceiling + axis.step / 2; value += axis.step) {
      if (!side) picture.append(drawing("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
      picture.append(drawing("text", { x: edge, y: y(value) + 4, "text-anchor": anchor }, brief(value, axis.measure)));
    }
    if (place.hasTitles) {
      const names = [...new Set(axis.curves.map((curve) => titled(curve.measure)))].join(" · ");
      picture.append(drawing("text", { class: "axis", x: side ? width - 2 : 2, y: top - 12, "text-anchor": side ? "end" : "start" }, names));
    }
    return axis.curves.map((curve) => ({ ...curve, y }));
  });
  const isAlone = curves.length === 1;
  for (const curve of curves) drawCurve(picture, curve, list, place, isAlone);
  if (state.cursor < 0) return;
  picture.append(drawing("line", { class: "cursor", x1: x(state.cursor), x2: x(state.cursor), y1: top, y2: ground }));
  for (const curve of curves) {
    const value = at(list[state.cursor], curve);
    if (value !== null) picture.append(drawing("circle", { class: `p${curve.colour}`, cx: x(state.cursor), cy: curve.y(value), r: 4 }));
  }
}

function drawCurve(picture, curve, list, { x, ground }, isAlone) {
  const { colour, y } = curve;
  const spot = (index) => `${x(index).toFixed(1)} ${y(at(list[index], curve)).toFixed(1)}`;
  if (isAlone && !ratios.includes(curve.measure) && list.length > 1 && list.every((point) => at(point, curve) !== null)) {
    const edge = list.map((_, index) => spot(index)).join("L");
    picture.append(drawing("path", {
      class: "area p" + colour, d: `M${x(0).toFixed(1)} ${ground}L${edge}L${x(list.length - 1).toFixed(1)} ${ground}z`,
    }));
  }
  for (const isFinal of [true, false]) {
    let path = "", isDown = false;
    list.forEach((point, index) => {
      const belongs = isFinal ? point.final : !point.final || (list[index + 1] && !list[index + 1].final);
      if (at(point, curve) === null || !belongs) { isDown = false; return; }
      path += (isDown ? "L" : "M") + spot(index);
      isDown = true;
    });
    if (path) picture.append(drawing("path", { class: `line s${colour}${isFinal ? "" : " provisional"}`, d: path }));
  }
  list.forEach((point, index) => {
    const value = at(point, curve);
    if (value === null) return;
    const isLone = list.length === 1 || [list[index - 1], list[index + 1]].every((other) => !other || at(other, curve) === null);
    if (isLone) picture.append(drawing("circle", { class: `p${colour}`, cx: x(index), cy: y(value), r: 3 }));
    if (!point.row || !point.row.before) return;
    if (valueOf(point.row.before, curve.measure, curve.model) === valueOf(point.row, curve.measure, curve.model)) return;
    const size = list.length > 60 ? 2.5 : 4;
    picture.append(drawing("path", {
      class: "correction", d: `M${x(index)} ${y(value) - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}z`,
    }));
  });
}

function drawTimes(picture, list, x, width, height) {
  const labels = Math.min(list.length, Math.max(2, Math.floor(width / 130)));
  for (let label = 0; label < labels; label++) {
    const index = labels > 1 ? Math.round(label * (list.length - 1) / (labels - 1)) : 0;
    const anchor = labels === 1 ? "middle" : label === 0 ? "start" : label === labels - 1 ? "end" : "middle";
    picture.append(drawing("text", { x: x(index), y: height - 6, "text-anchor": anchor }, spanName(list[index])));
  }
}

