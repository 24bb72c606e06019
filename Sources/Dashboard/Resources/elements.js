// Elements of the page.

import { digits, rounded } from "./format.js";
import { patch } from "./patch.js";
import { state, titles, valueOf } from "./state.js";

export const byId = (id) => document.getElementById(id);

function built(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export const element = (name, attributes = {}, ...children) =>
  built(document.createElement(name), attributes, children);

export const drawing = (name, attributes, ...children) =>
  built(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// A button that does one of the page's actions: see actions.js.
export const action = (name, argument, attributes = {}, ...children) =>
  element("button", { type: "button", "data-act": name, "data-arg": argument, ...attributes }, ...children);

export function options(select, values, chosen, label = (value) => value) {
  patch(select, ...values.map((value) => {
    const option = element("option", { value, "data-item": value }, label(value));
    option.selected = value === chosen;
    return option;
  }));
}

// A number as people read it, with all its digits on hover; or those at once, where that is chosen.
export function figure(value, measure) {
  const all = digits(value, measure), brief = rounded(value, measure);
  if (state.exact || brief === all) return element("span", { class: "figure" }, all);
  return element("span", { class: "figure", title: all }, brief);
}

// A mark that opens what a corrected number was before, as a list of nothing or one element.
export function correction(row, value, measure, model) {
  if (!row || !row.before) return [];
  const before = valueOf(row.before, measure, model);
  if (before === value) return [];
  const text = `${titles[measure]} was ${digits(before, measure)} when it became final; a correction made it ${digits(value, measure)}.`;
  return [element("button", {
    type: "button", class: "mark", popovertarget: "note", "data-note": text, "data-item": "mark",
    "aria-label": "corrected: what it was before", title: "was " + digits(before, measure),
  }, "◇")];
}
