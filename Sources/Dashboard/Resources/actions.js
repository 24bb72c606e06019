// What buttons and links do that are drawn anew with the numbers. One listener serves them all, so that none is lost.

import { byId } from "./elements.js";
import { downloadPicture, downloadSeries, downloadTable } from "./download.js";
import { back, drill } from "./drill.js";
import { close } from "./search.js";
import { change, data, state } from "./state.js";
import { forget, show } from "./views.js";

const actions = {
  sort: (key) => change({
    sort: key, ascending: state.sort === key ? (state.ascending ? "" : "1") : key === "name" ? "1" : "",
  }),
  drill: (argument) => drill(...JSON.parse(argument)),
  back: (count) => back(Number(count)),
  find: (argument) => {
    const [view, dimension, value] = JSON.parse(argument);
    close();
    byId("conversion").value = "";
    // Not from the page of a conversion, which shows no numbers.
    if (!data.summary) return false;
    state.view = view;
    drill(dimension, value, []);
  },
  view: show,
  forget,
  corrections: () => {
    byId("note").hidePopover();
    byId("corrections").open = true;
    byId("corrections").scrollIntoView({ block: "nearest" });
    byId("corrections").querySelector("summary").focus();
  },
  "table-csv": downloadTable,
  "series-csv": downloadSeries,
  png: downloadPicture,
};

// - onError: is told what went wrong with what takes time.
export function listenForActions(onError) {
  addEventListener("click", async (event) => {
    const source = event.target.closest("[data-act]");
    if (!source || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (source.localName === "a" && data.summary) event.preventDefault();
    try { await actions[source.dataset.act](source.dataset.arg); } catch (error) { onError(error.message); }
  });
  // Menus close when somebody goes elsewhere.
  addEventListener("pointerdown", (event) => closeMenus((menu) => !menu.contains(event.target)));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

function closeMenus(isMeant) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (isMeant(menu)) menu.open = false;
}
