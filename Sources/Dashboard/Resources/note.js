// The note that a mark opens beside it: what a corrected number was before. The marks name it as their popover.

import { byId, element } from "./elements.js";
import { patch } from "./patch.js";

export function listenForNotes() {
  const note = byId("note");
  let mark = null;
  addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-note]");
    if (!pressed) return;
    mark = pressed;
    patch(note, element("p", {}, pressed.dataset.note),
      element("button", { type: "button", "data-act": "corrections", "data-arg": "" }, "All corrections"));
  }, { capture: true });
  note.addEventListener("toggle", () => {
    if (!mark || !note.matches(":popover-open")) return;
    const place = mark.getBoundingClientRect();
    const left = Math.min(innerWidth - note.offsetWidth - 8, place.left);
    const isBelow = place.bottom + note.offsetHeight + 8 < innerHeight;
    note.style.left = `${Math.max(8, left)}px`;
    note.style.top = `${isBelow ? place.bottom + 6 : Math.max(8, place.top - note.offsetHeight - 6)}px`;
  });
}
