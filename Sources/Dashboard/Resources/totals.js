// The cards with the totals, and the line about provisional windows.

import { byId, correction, element, figure } from "./elements.js";
import { change, digits } from "./format.js";
import { patch } from "./patch.js";
import { spark } from "./spark.js";
import { credited, data, modelsOf, present, shared, spoken, state, titled, tone, valueOf } from "./state.js";

export function drawOpen() {
  const count = data.summary.open_windows;
  byId("open").hidden = !count;
  byId("open").textContent = count === 1
    ? "The newest window is provisional: its numbers still move."
    : `The newest ${count} windows are provisional: their numbers still move.`;
}

export function drawCards() {
  const old = new Map([...byId("cards").querySelectorAll("p[data-key]")].map((p) => [p.dataset.key, p.dataset.value]));
  patch(byId("cards"), ...present([...shared, ...credited], [data.summary.total]).map((measure) => card(measure, old)));
}

function card(measure, old) {
  const box = element("div", { class: "card", "data-item": measure }, element("h3", {}, titled(measure)));
  for (const model of modelsOf(measure)) {
    const value = valueOf(data.summary.total, measure, model);
    const key = shared.includes(measure) ? measure : measure + "/" + model;
    const line = element("p", { "data-key": key, "data-item": key, "data-value": value ?? "" }, figure(value, measure));
    if (old.has(key) && old.get(key) !== String(value ?? "")) line.className = "changed";
    line.append(...correction(data.summary.total, value, measure, model), ...since(value, measure, model));
    if (modelsOf(measure).length > 1 || (state.models.length > 1 && !shared.includes(measure))) {
      line.append(element("small", { class: "model m" + tone(model) }, spoken(model)));
    }
    box.append(line);
  }
  box.append(...spark(measure));
  return box;
}

// The change against the period before, where that is known.
function since(value, measure, model) {
  const before = valueOf(data.previous && data.previous.total, measure, model);
  const text = change(value, before);
  if (!text) return [];
  return [element("small", {
    class: "since", "data-before": before,
    title: `${digits(before, measure)} in the period before, ${data.previous.from} to ${data.previous.to}`,
  }, text)];
}
