// The newest conversions of what is shown, the ways that led to them and how long they took. Asked for when opened.

import { ask } from "./api.js";
import { byId, element, figure } from "./elements.js";
import { duration } from "./format.js";
import { patch } from "./patch.js";
import { narrowed } from "./questions.js";
import { conversionAt } from "./search.js";
import { change, modelsOf, named, spoken, state } from "./state.js";

const sections = { conversions: drawConversions, paths: drawPaths };
const opened = () => state.open.split(",").filter(Boolean);

export function listenToSections() {
  for (const name of Object.keys(sections)) {
    byId(name).addEventListener("toggle", () => {
      const others = opened().filter((other) => other !== name);
      const isOpen = byId(name).open;
      if (isOpen === opened().includes(name)) return;
      change({ open: (isOpen ? [...others, name] : others).join(",") });
    });
  }
  byId("steps").addEventListener("change", drawSections);
}

// Opens what is chosen. Not at every answer: what somebody opens meanwhile is not chosen yet.
export function showSections() {
  for (const name of Object.keys(sections)) byId(name).open = opened().includes(name);
}

// Asks anew for what is open.
export async function drawSections() {
  const what = narrowed();
  await Promise.all(Object.entries(sections).map(async ([name, draw]) => {
    if (!opened().includes(name)) return;
    try { await draw(what); } catch (error) { patch(byId(name + "-body"), element("p", {}, error.message)); }
  }));
}

function question({ ignored, ...parameters }) { return parameters; }

// What the reader must know of how these numbers came about.
function remarks(answer, { ignored }) {
  const { held } = answer;
  const list = [];
  if (ignored.length) list.push(`They cannot be narrowed by ${ignored.map((text) => text.split("=")[0]).join(", ")}.`);
  if (!held.caught_up) list.push("The attributions are still being read.");
  if (held.partial) list.push(`Only the newest ${held.conversions} are held, since ${held.oldest.slice(0, 16).replace("T", " ")} UTC.`);
  return list.join(" ");
}

async function drawConversions(what) {
  const answer = await ask("api/conversions", { ...question(what), limit: "50" });
  const models = modelsOf("revenue");
  const isNarrowed = answer.where.length > 0;
  const titles = ["Conversion", "Time", "Value, " + answer.currency, "Channels", "After",
    ...(isNarrowed ? models.map((model) => "Earned here, " + spoken(model)) : [])];
  const lines = answer.conversions.map((conversion) => element("tr", { "data-item": "conversion " + conversion.conversion_id },
    element("th", { scope: "row" }, element("a", { href: conversionAt(conversion.conversion_id).href }, conversion.conversion_id)),
    element("td", {}, conversion.local.slice(0, 19).replace("T", " ")),
    element("td", {}, figure(conversion.value)),
    element("td", { class: "way" }, way(conversion.channels)),
    element("td", {}, conversion.delay_ms === null ? "–" : duration(conversion.delay_ms)),
    ...(isNarrowed ? models.map((model) => element("td", {}, figure(conversion.models[model].revenue), " ",
      element("small", { class: "quiet" }, figure(conversion.models[model].credit, "share")))) : [])));
  const said = `${answer.count === lines.length ? `${answer.count}` : `The newest ${lines.length} of ${answer.count}`} conversions${isNarrowed ? " with such a touch" : ""}. ${remarks(answer, what)}`;
  patch(byId("conversions-body"), element("p", { class: "quiet" }, said), table(titles, lines));
}

// Of long ways the beginning and the end.
function way(channels) {
  if (!channels.length) return "no touch";
  const steps = channels.filter((channel, index) => channel !== channels[index - 1]).map((channel) => channel || "(none)");
  return (steps.length > 6 ? [...steps.slice(0, 3), "…", ...steps.slice(-2)] : steps).join(" → ");
}

async function drawPaths(what) {
  const by = byId("steps").value;
  const answer = await ask("api/paths", { ...question(what), by, limit: "15" });
  const largest = Math.max(1, ...answer.paths.map((path) => path.conversions));
  const lines = answer.paths.map((path) => {
    const count = element("td", { class: "bar" }, String(path.conversions));
    count.style.setProperty("--share", `${(100 * path.conversions / largest).toFixed(1)}%`);
    return element("tr", {}, element("th", { scope: "row", class: "way" }, path.steps.map((step) => step || "(none)").join(" → ")),
      count, element("td", {}, figure(path.value)), element("td", {}, duration(path.median_ms)));
  });
  const said = `${answer.count} conversions, ${answer.unattributed} of them with no touch that could earn them. ${remarks(answer, what)}`;
  patch(byId("paths-body"), element("p", { class: "quiet" }, said),
    table([`Ways by ${named(by)}`, "Conversions", "Value, " + answer.currency, "Half within"], lines), ...times(answer));
}

// How many conversions came how soon after their first touch.
function times(answer) {
  const largest = Math.max(...answer.times.map((time) => time.conversions));
  if (!largest) return [];
  // As far as there are any.
  const last = answer.times.findLastIndex((time) => time.conversions > 0);
  const lines = answer.times.slice(0, last + 1).map(({ through_ms: through, conversions }, index) => {
    const count = element("td", { class: "bar" }, String(conversions));
    count.style.setProperty("--share", `${(100 * conversions / largest).toFixed(1)}%`);
    const said = through === null ? "longer than " + duration(answer.times[index - 1].through_ms) : "up to " + duration(through);
    return element("tr", {}, element("th", { scope: "row" }, said), count);
  });
  return [element("h3", {}, `Time from the first touch to the conversion: half within ${duration(answer.median_ms)}`),
    table(["After the first touch", "Conversions"], lines)];
}

const table = (titles, lines) => element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": titles[0] },
  element("table", {}, element("thead", {}, element("tr", {}, ...titles.map((title) =>
      element("th", { scope: "col", ...(title === "Channels" ? { class: "way" } : {}) }, title)))),
    element("tbody", {}, ...lines)));
