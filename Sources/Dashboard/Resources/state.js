// What the reader of the page has chosen, what the server has answered, and what both are called.

export const shared = ["impressions", "clicks", "ctr", "spend", "cpc"];
export const credited = ["conversions", "conversion_rate", "cpa", "revenue", "roas"];
export const titles = {
  impressions: "Impressions", clicks: "Clicks", ctr: "CTR", spend: "Spend", cpc: "CPC",
  conversions: "Conversions", conversion_rate: "Conversion rate", cpa: "CPA", revenue: "Revenue", roas: "ROAS",
};
const money = ["spend", "cpc", "cpa", "revenue"];

// The choices. All but the cursor stand in the address.
export const state = {
  view: "", by: "", range: "86400", from: "", to: "", unit: "auto", timezone: "", models: [],
  metric: "clicks", sort: "spend", ascending: false, filter: "", where: "", cursor: -1,
};

// The last answers of the server; null before the first.
export const data = { summary: null, series: null, rows: null, status: null, isBusy: false };

let changed = () => {};

// Has `listener` called whenever a choice changes.
export function onChange(listener) { changed = listener; }

export function change(choices) {
  Object.assign(state, choices, { cursor: -1 });
  const kept = new URLSearchParams();
  for (const key of ["view", "by", "range", "from", "to", "unit", "timezone", "metric", "sort", "filter", "where"]) {
    if (state[key]) kept.set(key, state[key]);
  }
  kept.set("models", state.models.join(","));
  history.replaceState(null, "", "?" + kept);
  changed();
}

// Takes the choices from the address.
export function readChoices() {
  const kept = new URLSearchParams(location.search);
  for (const key of Object.keys(state)) if (kept.has(key) && key !== "models") state[key] = kept.get(key);
  state.models = (kept.get("models") || "").split(",").filter(Boolean);
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

export function rangeParameters() {
  if (state.range === "all") return {};
  if (state.range !== "days") return { last: state.range };
  const parameters = state.from ? { from: state.from } : {};
  if (state.to) {
    const next = new Date(state.to + "T00:00:00Z");
    next.setUTCDate(next.getUTCDate() + 1);
    parameters.to = next.toISOString().slice(0, 10);
  }
  return parameters;
}

// What each point of the chart sums over.
export function unit() {
  if (state.unit !== "auto") return state.unit;
  const length = Date.parse(data.summary.to) - Date.parse(data.summary.from);
  if (length / chosenView().period_ms <= 300) return "window";
  return length <= 15 * 86400e3 ? "hour" : "day";
}

export const sortMeasure = () => (state.sort === "name" ? "spend" : state.sort.split("/")[0]);

export const valueOf = (row, measure, model) =>
  row === null || row === undefined ? null : shared.includes(measure) ? row[measure] : row.models[model][measure];

export const spoken = (model) => model.replaceAll("_", " ");
export const tone = (model) => data.summary.known_models.indexOf(model) % 6;
export const titled = (measure) => titles[measure] + (money.includes(measure) ? ", " + data.summary.currency : "");
