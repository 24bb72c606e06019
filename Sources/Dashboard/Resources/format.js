// Numbers and times as text: as people read them, and with every digit.

const percentages = ["ctr", "conversion_rate", "share"];
const thin = "\u202f";

const grouped = (whole) => whole.replace(/\B(?=(\d{3})+$)/g, thin);

// Every digit that counts: thousands apart, zeros at the end left out but for two decimals. Fractions are written as
// percentages, their point moved by text: no digit is rounded.
export function digits(value, measure) {
  if (value === null || value === undefined) return "–";
  let [whole, decimals] = parts(value, measure);
  if (decimals === undefined) return grouped(whole);
  return grouped(whole) + "." + decimals.replace(/0+$/, "").padEnd(2, "0") + unit(measure);
}

// As people read it: whole things as they are, money to the cent and from ten thousand on to the unit, fractions of
// conversions to one decimal, ratios to two. What is not zero is never written as zero.
export function rounded(value, measure) {
  if (value === null || value === undefined) return "–";
  const [whole, decimals] = parts(value, measure);
  if (decimals === undefined) return grouped(whole);
  const isWhole = /^0*$/.test(decimals);
  const places = measure === "conversions" ? (isWhole ? 0 : 1)
    : percentages.includes(measure) || measure === "roas" || whole.replace("-", "").length < 5 ? 2 : 0;
  const text = cut(whole, decimals, places);
  const isNothing = !/[1-9]/.test(text) && /[1-9]/.test(whole + decimals);
  const least = places ? "0." + "1".padStart(places, "0") : "1";
  if (isNothing) return (whole.startsWith("-") ? ">" + thin + "-" : "<" + thin) + least + unit(measure);
  return text + unit(measure);
}

// Rounds half away from zero, by digits.
function cut(whole, decimals, places) {
  const isNegative = whole.startsWith("-");
  const all = whole.replace("-", "") + decimals.padEnd(places + 1, "0").slice(0, places + 1);
  const tens = ((BigInt(all) + 5n) / 10n).toString().padStart(places + 1, "0");
  const text = grouped(tens.slice(0, tens.length - places)) + (places ? "." + tens.slice(-places) : "");
  return (isNegative && /[1-9]/.test(text) ? "-" : "") + text;
}

function parts(value, measure) {
  let [whole, decimals] = String(value).split(".");
  if (percentages.includes(measure)) {
    const sign = whole.startsWith("-") ? "-" : "";
    whole = sign + (whole.slice(sign.length) + decimals.slice(0, 2)).replace(/^0+(?=\d)/, "");
    decimals = decimals.slice(2);
  }
  return [whole, decimals];
}

const unit = (measure) => (percentages.includes(measure) ? thin + "%" : "");

// Measures that may share an axis have the same scale.
export const scaleOf = (measure) => (["spend", "revenue"].includes(measure) ? "money" : measure);

// A number in three digits, for axes.
export function brief(value, measure) {
  if (percentages.includes(measure)) return Number((100 * value).toPrecision(3)) + thin + "%";
  return new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

// How much a number has changed since the period before, or "" where that says nothing.
export function change(now, before) {
  if (now === null || before === null || Number(before) === 0) return "";
  const part = 100 * (Number(now) / Number(before) - 1);
  const size = Math.abs(part);
  if (size < 0.05) return "± 0" + thin + "%";
  return (part > 0 ? "+" : "−") + (size < 10 ? size.toFixed(1) : grouped(size.toFixed(0))) + thin + "%";
}

export function clock(instant, timezone) {
  if (!instant) return "–";
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone, hour: "2-digit", minute: "2-digit", second: "2-digit",
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
