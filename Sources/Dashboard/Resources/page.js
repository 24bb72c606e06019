// The dashboard's page: asks the API, draws, and asks again when the server says that there is news.

import { listenForActions } from "./actions.js";
import { ask } from "./api.js";
import { drawChart, moveCursor } from "./chart.js";
import { drawChoices, listenToControls, showChoices } from "./controls.js";
import { drawTrail } from "./drill.js";
import { byId } from "./elements.js";
import { explain } from "./explain.js";
import { drawSections, listenToSections, showSections } from "./journeys.js";
import { listen } from "./news.js";
import { listenForNotes } from "./note.js";
import { before, common, inDetail, overTime } from "./questions.js";
import { listenToSearch } from "./search.js";
import { data, link, onChange, readChoices, remembered, settle, state } from "./state.js";
import { showStatus } from "./status.js";
import { drawCorrections, drawTable } from "./table.js";
import { drawCards, drawOpen } from "./totals.js";
import { listenToViews } from "./views.js";

// Whether to ask again as soon as the answers are there.
let again = false;

async function refresh() {
  if (data.isBusy) { again = true; return; }
  data.isBusy = true;
  try {
    let asked = link();
    const summary = await ask("api/summary", common());
    // Answers to what nobody asks any more.
    if (asked !== link()) { again = true; return; }
    data.summary = summary;
    settle();
    asked = link();
    drawChoices();
    const old = before();
    const [over, detail, previous] = await Promise.all([
      ask("api/rollups", overTime()).catch(explained), ask("api/rollups", inDetail()),
      old && ask("api/summary", old).catch(() => null),
    ]);
    if (asked !== link()) { again = true; return; }
    Object.assign(data, { series: over, rows: detail, previous });
    if (data.series) problem("");
    draw();
    await drawSections();
    document.body.dataset.loaded = String(Number(document.body.dataset.loaded || 0) + 1);
    document.body.dataset.shown = asked;
  } catch (error) {
    problem(error.message);
  } finally {
    data.isBusy = false;
    if (again) { again = false; setTimeout(refresh, 150); }
  }
}

function explained(error) { problem(error.message); return null; }

function problem(text) {
  byId("problem").hidden = !text;
  if (byId("problem").textContent !== text) byId("problem").textContent = text;
}

function onStatus(status) {
  const isNew = !data.status || data.status.revisions !== status.revisions
    || data.status.final_through !== status.final_through;
  data.status = { ...status, at: Date.now() };
  showStatus();
  if (isNew && byId("explanation").hidden) refresh();
}

function draw() {
  showStatus();
  drawOpen();
  drawCards();
  drawChart();
  drawTrail();
  drawTable();
  drawCorrections();
}

function showAll() {
  showChoices();
  showSections();
}

function listenToChart() {
  byId("chart").addEventListener("keydown", (event) => {
    if (!data.series || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const last = data.series.spans.length - 1;
    const from = state.cursor < 0 ? last + 1 : state.cursor;
    moveCursor({ ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key]);
  });
  addEventListener("resize", () => { if (data.series) drawChart(); });
}

const conversion = location.pathname.match(/\/conversions\/([^/]+)$/);
readChoices(conversion ? remembered() : location.search);
listenToControls();
listenToSearch();
listenToViews();
listenToSections();
listenToChart();
listenForActions(problem);
listenForNotes();
showAll();
onChange(() => { showAll(); refresh(); });
addEventListener("popstate", () => { readChoices(); showAll(); refresh(); });
setInterval(showStatus, 1000);
if (conversion) explain(decodeURIComponent(conversion[1])); else refresh();
listen(onStatus);
