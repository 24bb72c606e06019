// One conversion: its touches in order, who earned it, and what changed it.

import { ask, base } from "./api.js";
import { byId, element, figure } from "./elements.js";
import { remembered, spoken, state } from "./state.js";

export async function explain(id) {
  const box = byId("explanation");
  byId("overview").hidden = true;
  box.hidden = false;
  box.replaceChildren(element("p", { role: "status" }, "looking it up …"));
  try {
    drawExplanation(await ask("api/conversions/" + encodeURIComponent(id)));
  } catch (error) {
    box.replaceChildren(element("p", {}, element("a", { href: base.href + remembered() }, "← all numbers")),
      element("div", {}, element("h2", { id: "explained", tabindex: "-1" }, "Conversion " + id), element("p", {}, error.message)));
  }
  byId("explained").focus();
}

// A time as people of the chosen zone write it; exactly in the element's attribute.
function moment(instant) {
  const text = new Intl.DateTimeFormat("en-GB", {
    timeZone: state.timezone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
    fractionalSecondDigits: 3,
  }).format(new Date(instant));
  return element("time", { datetime: instant, title: instant }, text);
}

const placeOf = (touch) => [touch.campaign_id, touch.channel, touch.ad_id].filter(Boolean).join(" / ") || "(none)";

function drawExplanation(explanation) {
  const items = explanation.touches.map((touch) => ({
    time: touch.event_time,
    node: element("li", { class: touch.eligible ? "eligible" : "other" }, moment(touch.event_time),
      element("span", { class: "what" }, `${touch.kind} on `, element("b", {}, placeOf(touch))),
      element("span", { class: "verdict" }, touch.verdict), element("code", {}, touch.event_id)),
  }));
  items.push({
    time: explanation.event_time + "~",
    node: element("li", { class: "conversion" }, moment(explanation.event_time),
      element("span", { class: "what" }, "conversion worth ", element("b", {}, figure(explanation.value)), " " + explanation.currency)),
  });
  items.sort((left, right) => (left.time < right.time ? -1 : 1));
  document.title = `Conversion ${explanation.conversion_id} · Tributary`;
  byId("explanation").replaceChildren(
    element("p", {}, element("a", { href: base.href + remembered() }, "← all numbers")),
    element("div", {}, element("h2", { id: "explained", tabindex: "-1" }, `Conversion ${explanation.conversion_id}`),
      element("p", { class: "quiet" }, `user ${explanation.user_id} · times of ${state.timezone}`),
      element("ol", {}, ...items.map((item) => item.node))),
    element("div", {}, element("h2", {}, "Who earned it"), ...credits(explanation)),
    element("div", {}, element("h2", {}, "What changed it"),
      element("ol", { class: "plain" }, ...explanation.revisions.map((revision) =>
        element("li", {}, element("b", {}, `Revision ${revision.revision}`), " · " + revision.changes.join("; "))))));
}

// A line per touch and a column per model: the share with a bar, and the revenue.
function credits(explanation) {
  const latest = explanation.revisions[explanation.revisions.length - 1];
  if (!latest.touches.length) return [element("p", {}, "No eligible touch: all of it is unattributed under every model.")];
  const models = Object.keys(latest.credit);
  const places = new Map(explanation.touches.map((touch) => [touch.event_id, placeOf(touch)]));
  const head = element("tr", {}, ...["Touch", ...models.map(spoken)].map((title) => element("th", { scope: "col" }, title)));
  const body = latest.touches.map((touch, index) => {
    const line = element("tr", {}, element("th", { scope: "row" }, places.get(touch) || "", " ", element("code", {}, touch)));
    for (const model of models) {
      const credit = latest.credit[model][index];
      const cell = element("td", { class: "bar" }, figure(credit, "share"),
        element("span", { class: "money" }, figure(latest.revenue[model][index]), " " + explanation.currency));
      cell.style.setProperty("--share", `${(100 * Number(credit)).toFixed(1)}%`);
      line.append(cell);
    }
    return line;
  });
  return [element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Who earned it" }, element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)))];
}
