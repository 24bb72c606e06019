// What can be chosen: fields, lists and boxes.

import { byId, element, options } from "./elements.js";
import { patch } from "./patch.js";
import { change, chosenView, credited, data, named, shared, spoken, state, titles } from "./state.js";

const fields = ["range", "from", "to", "unit", "timezone", "filter", "where"];

// Fills the lists from the server's answer.
export function drawChoices() {
  const { summary } = data;
  const { dimensions } = chosenView();
  options(byId("view"), summary.views.map((view) => view.name), state.view);
  options(byId("by"), dimensions, state.by, named);
  patch(byId("conditions"), ...dimensions.map((name) => element("option", { value: name + "=" })));
  boxes("metrics", [...shared, ...credited], (measure) => titles[measure]);
  boxes("models", summary.known_models, spoken);
  byId("measures-shown").textContent = state.metrics.map((measure) => titles[measure]).join(", ");
}

// A box for each value; one at least stays chosen.
function boxes(key, values, label) {
  patch(byId(key), ...values.map((value) => {
    const box = element("input", { type: "checkbox", value });
    box.checked = state[key].includes(value);
    return element("label", { "data-item": value }, box, label(value));
  }));
}

// Shows what is chosen in the fields that are not of the server's making. One that somebody types into is left alone.
export function showChoices() {
  for (const label of document.querySelectorAll(".days")) label.hidden = state.range !== "days";
  for (const key of fields) if (document.activeElement !== byId(key)) byId(key).value = state[key];
  byId("exact").checked = state.exact === "1";
}

// Choosing days begins with the last one there is.
function beginWithLastDay() {
  const { summary } = data;
  if (state.from || !summary || !summary.total) return {};
  const last = new Date(Date.parse(summary.to) - 1);
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: summary.timezone }).format(last);
  return { from: day, to: day };
}

export function listenToControls() {
  const zones = Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [];
  byId("zones").replaceChildren(...["UTC", ...zones].map((zone) => element("option", { value: zone })));
  // Several conditions stand between ampersands. Half of one is none.
  for (const key of ["view", "by", "range", "from", "to", "unit", "timezone", "where"]) {
    byId(key).addEventListener("change", () => {
      const days = key === "range" && byId("range").value === "days" ? beginWithLastDay() : {};
      change({ ...days, [key]: byId(key).value });
    });
  }
  byId("exact").addEventListener("change", () => change({ exact: byId("exact").checked ? "1" : "" }));
  for (const key of ["metrics", "models"]) {
    byId(key).addEventListener("change", () => {
      const checked = [...byId(key).querySelectorAll("input:checked")].map((box) => box.value);
      // Measures come in the order in which they were chosen: the first has the left axis.
      const old = key === "metrics" ? state.metrics.filter((value) => checked.includes(value)) : [];
      const chosen = [...old, ...checked.filter((value) => !old.includes(value))];
      if (chosen.length) change({ [key]: chosen }); else drawChoices();
    });
  }
  let typing = 0;
  byId("filter").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ filter: byId("filter").value }), 200);
  });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
}
