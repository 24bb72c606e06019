// The way from everything to one campaign, its ads and their conversions: what a click on a name chooses, and the
// trail above the table that leads back.

import { action, byId, element } from "./elements.js";
import { patch } from "./patch.js";
import { condition, conditions, joined } from "./questions.js";
import { change, data, named, state } from "./state.js";

// In which order people look closer.
const order = ["campaign_id", "ad_id", "channel"];
const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);

// Chooses one value of a dimension, and what it can be looked at by next.
export function drill(dimension, value, from = conditions()) {
  const kept = from.filter((text) => !text.startsWith(dimension + "="));
  const asked = new Set([...kept.map((text) => text.split("=")[0]), dimension]);
  const rest = (view) => view.dimensions.filter((name) => !asked.has(name));
  const able = data.summary.views.filter((view) => [...asked].every((name) => view.dimensions.includes(name)));
  const current = able.find((view) => view.name === state.view);
  const view = current && rest(current).length ? current : able.find((view) => rest(view).length) || current || able[0];
  if (!view) return;
  const [next] = rest(view).sort((left, right) => rank(left) - rank(right));
  change({
    view: view.name, by: next || dimension, filter: "", open: next && dimension !== "ad_id" ? state.open : "conversions",
    where: [...kept.map((text) => text.replaceAll("&", "\\&")), condition(dimension, value)].join("&"),
  }, true);
}

// Goes back to so many conditions.
export function back(count) {
  const list = conditions();
  const dropped = list[count] ? list[count].split("=")[0] : state.by;
  change({ where: joined(list.slice(0, count)), by: dropped, filter: "" }, true);
}

export function drawTrail() {
  const list = conditions();
  byId("trail").hidden = !list.length;
  const crumbs = [action("back", "0", {}, "everything"), ...list.map((text, index) => {
    const [name, ...value] = text.split("=");
    const said = `${named(name)} ${value.join("=") || "(none)"}`;
    return index === list.length - 1 ? element("span", { "aria-current": "true" }, said) : action("back", String(index + 1), {}, said);
  })];
  patch(byId("trail-list"), ...(list.length ? crumbs.map((crumb) => element("li", {}, crumb)) : []));
}
