// How far the numbers have come, in the header. The line ticks for the eye; people who listen are told when the
// connection is lost and when it is back.

import { byId } from "./elements.js";
import { clock, duration } from "./format.js";
import { data } from "./state.js";

let isLost = false;

export function showStatus() {
  const { status } = data;
  if (!status || isLost) return;
  const behind = status.behind_ms === null ? null : status.behind_ms + Date.now() - status.at;
  const zone = data.summary ? data.summary.timezone : "UTC";
  const text = status.data_through
    ? `data through ${clock(status.data_through, zone)}, ${duration(behind)} behind · final through ${clock(status.final_through, zone)}`
    : "no data yet";
  if (byId("status-text").textContent !== text) byId("status-text").textContent = text;
}

// "live", "polling" or "lost".
export function showConnection(state) {
  byId("dot").className = state === "lost" ? "dot lost" : "dot live";
  if (state === "lost") byId("status-text").textContent = "connection lost, trying again …";
  if ((state === "lost") !== isLost) byId("announcement").textContent = isLost ? "Connected again." : "The connection is lost; trying again.";
  isLost = state === "lost";
  showStatus();
}
