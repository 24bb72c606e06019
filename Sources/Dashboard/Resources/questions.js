// What the page asks the server: the parameters of its questions, from what is chosen.

import { data, state, unit } from "./state.js";

// The conditions: apart at ampersands, one that belongs to a value has a backslash in front.
export const conditions = () => state.where.split(/(?<!\\)&/).map((text) => text.trim().replaceAll("\\&", "&")).filter(Boolean);
export const condition = (dimension, value) => `${dimension}=${value.replaceAll("&", "\\&")}`;
export const joined = (list) => list.map((text) => text.replaceAll("&", "\\&")).join("&");

const shifted = (day, days) => {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
};

function range() {
  if (state.range === "all") return {};
  if (state.range !== "days") return { last: state.range };
  return { ...(state.from ? { from: state.from } : {}), ...(state.to ? { to: shifted(state.to, 1) } : {}) };
}

// What every question about the chosen time has.
export const common = () => ({
  view: state.view, timezone: state.timezone, models: state.models.join(","), ...range(), where: conditions(),
});

export const overTime = () => ({ ...common(), unit: unit(), by: "none", limit: "10000" });

export const inDetail = () => ({ ...common(), unit: "all", by: state.by, filter: state.filter, sort: sortMeasure() });

const sortMeasure = () => (state.sort === "name" ? "spend" : state.sort.split("/")[0]);

// The conversions of the time: attributions know no conditions but these.
const ofTouches = /^(campaign|campaign_id|channel|ad|ad_id)=/;
export const narrowed = () => {
  const list = conditions();
  return { ...common(), where: list.filter((text) => ofTouches.test(text)), ignored: list.filter((text) => !ofTouches.test(text)) };
};

// The period before the chosen one, as long as it; null where there is none or its beginning is not there. Of days
// that are not over it has as much as has passed of them.
export function before() {
  if (state.range === "all") return null;
  const { summary } = data;
  const view = summary.views.find((view) => view.name === summary.view);
  const start = Date.parse(summary.from), end = Math.min(Date.parse(summary.to), Date.parse(view.to));
  if (!view.from || end <= start) return null;
  const days = state.range === "days" && state.from && state.to
    ? Math.round((Date.parse(state.to) - Date.parse(state.from)) / 86400e3) + 1 : 0;
  const isWhole = days && end === Date.parse(summary.to);
  const length = days ? days * 86400e3 : end - start;
  if (!days && length < 1000 * Number(state.range)) return null;
  if (start - length < Date.parse(view.from)) return null;
  const instant = (time) => new Date(time).toISOString().replace(".000Z", "Z");
  return {
    ...common(), last: "", from: days ? shifted(state.from, -days) : instant(start - length),
    to: isWhole ? state.from : instant(end - length),
  };
}
