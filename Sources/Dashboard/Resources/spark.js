// A small curve of a measure over the chosen time, for a card.

import { drawing } from "./elements.js";
import { data, modelsOf, shared, tone, valueOf } from "./state.js";

const width = 120, height = 28;

// A list of nothing or one picture.
export function spark(measure) {
  if (!data.series || data.series.spans.length < 2) return [];
  const rows = new Map(data.series.rows.map((row) => [row.span, row]));
  const last = data.series.spans.length - 1;
  const isSum = ["impressions", "clicks", "spend", "conversions", "revenue"].includes(measure);
  const curves = modelsOf(measure).map((model) => ({
    colour: shared.includes(measure) ? 0 : tone(model),
    values: data.series.spans.map((_, index) => {
      const value = valueOf(rows.get(index), measure, model);
      return value === null ? (isSum ? 0 : null) : Number(value);
    }),
  }));
  const largest = Math.max(...curves.flatMap((curve) => curve.values.map((value) => value ?? 0)));
  if (!(largest > 0)) return [];
  const picture = drawing("svg", {
    class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true",
  });
  for (const { colour, values } of curves) {
    let path = "", isDown = false;
    values.forEach((value, index) => {
      if (value === null) { isDown = false; return; }
      path += `${isDown ? "L" : "M"}${(width * index / last).toFixed(1)} ${(height - 2 - (height - 4) * value / largest).toFixed(1)}`;
      isDown = true;
    });
    picture.append(drawing("path", { class: "line s" + colour, d: path }));
  }
  return [picture];
}
