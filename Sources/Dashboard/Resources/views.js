// Views under names of the reader's own, kept by the browser; and the link to what is shown now.

import { action, byId, element } from "./elements.js";
import { base } from "./api.js";
import { patch } from "./patch.js";
import { change, link, readChoices } from "./state.js";

// Pages below different paths of one host have their own.
const place = "tributary views " + base.pathname;

function saved() {
  try {
    const list = JSON.parse(localStorage.getItem(place) || "[]");
    return Array.isArray(list) ? list.filter((view) => typeof view.name === "string" && typeof view.query === "string") : [];
  } catch { return []; }
}

function keep(list) {
  try { localStorage.setItem(place, JSON.stringify(list)); say(""); } catch { say("The browser does not keep views here."); }
  drawViews();
}

const say = (text) => { byId("views-said").textContent = text; };

export function drawViews() {
  const list = saved();
  patch(byId("views-list"), ...list.map(({ name, query }) => element("li", { "data-item": "view " + name },
    element("a", { href: base.href + query, "data-act": "view", "data-arg": query }, name),
    action("forget", name, { "aria-label": "Delete the view " + name, title: "Delete" }, "✕"))));
  byId("views-none").hidden = list.length > 0;
}

export function forget(name) { keep(saved().filter((view) => view.name !== name)); byId("view-name").focus(); }

export function show(query) { readChoices(query); byId("views").open = false; change({}, true); }

export function listenToViews() {
  drawViews();
  byId("views-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId("view-name").value.trim();
    if (!name) return;
    keep([...saved().filter((view) => view.name !== name), { name, query: link() }].sort((a, b) => (a.name < b.name ? -1 : 1)));
    byId("view-name").value = "";
  });
  byId("copy-link").addEventListener("click", async () => {
    const address = base.href + link();
    try { await navigator.clipboard.writeText(address); say("The link is copied."); } catch {
      // Not allowed outside of HTTPS: the address says the same.
      history.replaceState(null, "", address);
      say("The link is the address of this page.");
    }
  });
  // Other tabs save, too.
  addEventListener("storage", (event) => { if (event.key === place) drawViews(); });
}
