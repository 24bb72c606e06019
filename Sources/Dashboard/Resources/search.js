// The search: campaigns, ads, channels and other values whose names hold a text, and the conversion of that id.

import { ask, base } from "./api.js";
import { byId, element } from "./elements.js";
import { patch } from "./patch.js";
import { condition } from "./questions.js";
import { data, link, named } from "./state.js";

const pause = 250, most = 5;
let latest = 0;

export function listenToSearch() {
  const field = byId("conversion");
  let typing = 0;
  field.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, pause); });
  byId("lookup").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = field.value.trim();
    if (id) location.assign(conversionAt(id));
  });
  byId("lookup").addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); field.focus(); }
  });
  addEventListener("pointerdown", (event) => { if (!byId("lookup").contains(event.target)) close(); });
  byId("lookup").addEventListener("focusout", (event) => {
    if (event.relatedTarget && !byId("lookup").contains(event.relatedTarget)) close();
  });
}

export const conversionAt = (id) => new URL("conversions/" + encodeURIComponent(id), base);

export function close() { latest++; byId("found").hidden = true; }

async function search() {
  const text = byId("conversion").value.trim();
  const mine = ++latest;
  if (!text) { close(); return; }
  const places = data.summary ? placesToLook() : [];
  const answers = await Promise.all(places.map(({ view, dimension }) =>
    ask("api/rollups", { view, by: dimension, unit: "all", filter: text, limit: String(most), sort: "spend" })
      .then((answer) => answer.rows.map((row) => ({ view, dimension, value: row.dimensions[dimension] })), () => [])));
  if (mine !== latest) return;
  const items = answers.flat().map(({ view, dimension, value }) => element("li", {},
    element("a", { href: target(view, dimension, value), "data-act": "find", "data-arg": JSON.stringify([view, dimension, value]) },
      value, " ", element("small", {}, named(dimension)))));
  items.push(element("li", {}, element("a", { href: conversionAt(text).href }, text, " ", element("small", {}, "explain this conversion"))));
  patch(byId("found"), ...items);
  byId("found").hidden = false;
}

// Each dimension once, in the view with the fewest others: it has the least to sum.
function placesToLook() {
  const found = new Map();
  for (const view of data.summary.views) {
    for (const dimension of view.dimensions) {
      const known = found.get(dimension);
      if (!known || view.dimensions.length < known.size) found.set(dimension, { view: view.name, dimension, size: view.dimensions.length });
    }
  }
  return [...found.values()];
}

function target(view, dimension, value) {
  const kept = new URLSearchParams(link());
  kept.set("view", view);
  kept.set("by", dimension);
  kept.set("where", condition(dimension, value));
  return base.href + "?" + kept;
}
