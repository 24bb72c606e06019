// The cards with the totals, and the line about provisional windows.

import { byId, correction, element, figure } from "./elements.js";
import { credited, data, shared, spoken, state, titled, tone, valueOf } from "./state.js";

export function drawOpen() {
  const count = data.summary.open_windows;
  byId("open").hidden = !count;
  byId("open").textContent = count === 1
    ? "The newest window is provisional: its numbers still move."
    : `The newest ${count} windows are provisional: their numbers still move.`;
}

export function drawCards() {
  const old = new Map([...byId("cards").querySelectorAll("p")].map((p) => [p.dataset.key, p.dataset.value]));
  const cards = [];
  for (const measure of [...shared, ...credited]) {
    const card = element("div", { class: "card" }, element("h3", {}, titled(measure)));
    const models = shared.includes(measure) ? [state.models[0]] : state.models;
    for (const model of models) {
      const value = valueOf(data.summary.total, measure, model);
      const key = shared.includes(measure) ? measure : measure + "/" + model;
      const line = element("p", { "data-key": key, "data-value": value ?? "" }, figure(value, measure));
      if (old.has(key) && old.get(key) !== String(value ?? "")) line.className = "changed";
      if (models.length > 1) line.append(element("small", { class: "model m" + tone(model) }, spoken(model)));
      line.append(...correction(data.summary.total, value, measure, model));
      card.append(line);
    }
    cards.push(card);
  }
  byId("cards").replaceChildren(...cards);
}
