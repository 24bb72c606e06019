// What the reader of the page has chosen, what the server has answered, and what both are called.

export const shared = ["impressions", "clicks", "users", "sessions", "ctr", "spend", "cpc"];
export const credited = ["conversions", "conversion_rate", "cpa", "revenue", "roas"];
export const titles = {
  impressions: "Impressions", clicks: "Clicks", users: "Users", sessions: "Sessions", ctr: "CTR", spend: "Spend",
  cpc: "CPC", conversions: "Conversions", conversion_rate: "Conversion rate", cpa: "CPA", revenue: "Revenue", roas: "ROAS",
};
export const ratios = ["ctr", "cpc", "conversion_rate", "cpa", "roas"];
const money = ["spend", "cpc", "cpa", "revenue"];
// Distinct counts do not add up: a sum over several rollups has none.
const distinct = ["users", "sessions"];

const defaults = {
  view: "", by: "", range: "86400", from: "", to: "", unit: "auto", timezone: "", models: [],
  metrics: ["clicks"], sort: "spend", ascending: "", filter: "", where: "", exact: "", open: "", cursor: -1,
};
// Lists stand in the address with commas, `metrics` under the name that it had when there was one.
const lists = { models: "models", metrics: "metric" };
const single = Object.keys(defaults).filter((key) => !lists[key] && key !== "cursor");

// The choices. All but the cursor stand in the address.
export const state = { ...defaults };

// The last answers of the server; null before the first.
export const data = { summary: null, previous: null, series: null, rows: null, status: null, isBusy: false };

let changed = () => {};

// Has `listener` called whenever a choice changes.
export function onChange(listener) { changed = listener; }

// The choices as a query.
export function link() {
  const kept = new URLSearchParams();
  for (const key of single) if (state[key]) kept.set(key, state[key]);
  for (const [key, name] of Object.entries(lists)) kept.set(name, state[key].join(","));
  return "?" + kept;
}

// Chooses. A `step` is one that the browser's back button takes back.
export function change(choices, isStep = false) {
  Object.assign(state, choices, { cursor: -1 });
  history[isStep ? "pushState" : "replaceState"](null, "", link());
  remember();
  changed();
}

// For the way back from a conversion.
function remember() { try { sessionStorage.setItem("overview", link()); } catch { /* Not allowed to. */ } }
export function remembered() { try { return sessionStorage.getItem("overview") || ""; } catch { return ""; } }

// Takes the choices from a query, by default the address's.
export function readChoices(query = location.search) {
  const kept = new URLSearchParams(query);
  Object.assign(state, defaults);
  for (const key of single) if (kept.has(key)) state[key] = kept.get(key);
  for (const [key, name] of Object.entries(lists)) {
    if (kept.has(name)) state[key] = kept.get(name).split(",").filter(Boolean);
  }
  state.metrics = state.metrics.filter((metric) => titles[metric]);
  if (!state.metrics.length) state.metrics = defaults.metrics;
  state.timezone = state.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

// Leaves out of the choices what the server does not have, and fills in what was not chosen.
export function settle() {
  const { summary } = data;
  if (!summary.views.some((view) => view.name === state.view)) state.view = summary.view;
  const { dimensions } = chosenView();
  if (!dimensions.includes(state.by)) state.by = dimensions[0] || "";
  state.models = state.models.filter((model) => summary.known_models.includes(model));
  if (!state.models.length) state.models = [summary.known_models[0]];
}

export const chosenView = () => data.summary.views.find((view) => view.name === state.view);

// What each point of the chart sums over.
export function unit() {
  if (state.unit !== "auto") return state.unit;
  const length = Date.parse(data.summary.to) - Date.parse(data.summary.from);
  if (length / chosenView().period_ms <= 300) return "window";
  return length <= 15 * 86400e3 ? "hour" : "day";
}

export const valueOf = (row, measure, model) =>
  row === null || row === undefined ? null : shared.includes(measure) ? row[measure] : row.models[model][measure];

// The measures of rows: of distinct counts only those that every row has.
export const present = (measures, rows) =>
  measures.filter((measure) => !distinct.includes(measure) || rows.every((row) => row && row[measure] !== null));

// The models that a measure is told of: one where they make no difference.
export const modelsOf = (measure) => (shared.includes(measure) ? [state.models[0]] : state.models);

export const named = (dimension) => dimension.replace("_id", "").replaceAll("_", " ");
export const spoken = (model) => model.replaceAll("_", " ");
export const tone = (model) => data.summary.known_models.indexOf(model) % 6;
export const titled = (measure) => titles[measure] + (money.includes(measure) ? ", " + data.summary.currency : "");
