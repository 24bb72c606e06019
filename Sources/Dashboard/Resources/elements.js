// Elements of the page, and numbers and times as text.

import { data, valueOf } from "./state.js";

export const byId = (id) => document.getElementById(id);

const percentages = ["ctr", "conversion_rate", "share"];

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function drawing(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function options(select, values, chosen, label = (value) => value) {
  select.replaceChildren(...values.map((value) => {
    const option = element("option", {}, label(value));
    option.value = value;
    option.selected = value === chosen;
    return option;
  }));
}

// Every digit that counts: thousands apart, zeros at the end left out but for two decimals. Fractions
// are written as percentages, their point moved by text: no digit is rounded.
export function digits(value, measure) {
  if (value === null || value === undefined) return "–";
  let [whole, decimals] = String(value).split(".");
  const isPercentage = percentages.includes(measure);
  if (isPercentage) {
    whole = (whole + decimals.slice(0, 2)).replace(/^0+(?=\d)/, "");
    decimals = decimals.slice(2);
  }
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  if (decimals === undefined) return grouped;
  const kept = decimals.replace(/0+$/, "").padEnd(2, "0");
  return grouped + "." + kept + (isPercentage ? "\u202f%" : "");
}

// The same digits, those after the second decimal small.
export function figure(value, measure) {
  const [, head, tail, unit] = digits(value, measure).match(/^([^.]*(?:\.\d\d)?)(\d*)(.*)$/);
  const box = element("span", { class: "figure" }, head);
  if (tail) box.append(element("span", { class: "tail" }, tail));
  if (unit) box.append(element("span", { class: "unit" }, unit));
  return box;
}

// A number in three digits, for axes.
export function brief(value, measure) {
  if (percentages.includes(measure)) return Number((100 * value).toPrecision(3)) + "\u202f%";
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

// What a corrected number was before, as a list of nothing or one element.
export function correction(row, value, measure, model) {
  if (!row || !row.before) return [];
  const before = valueOf(row.before, measure, model);
  return before === value ? [] : [element("span", { class: "was" }, "was " + digits(before, measure))];
}

export function clock(instant) {
  if (!instant) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: data.summary ? data.summary.timezone : "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit",
    ...(Date.now() - Date.parse(instant) > 20 * 3600e3 ? { day: "numeric", month: "short" } : {}),
  }).format(new Date(instant));
}

export function duration(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return seconds + " s";
  if (seconds < 7200) return Math.floor(seconds / 60) + " min";
  if (seconds < 172800) return Math.floor(seconds / 3600) + " h";
  return Math.floor(seconds / 86400) + " days";
}
