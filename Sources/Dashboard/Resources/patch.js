// Changes a part of the page into another one without taking away what is the same, so that focus, selections and open
// menus outlive the news.

// What tells children apart: those with a key are found wherever they are now, the others by their place.
const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.item || "" : "");

// Makes these the children of an element.
export function patch(parent, ...wanted) {
  const active = document.activeElement;
  settle(parent, wanted.map((child) => (typeof child === "string" ? document.createTextNode(child) : child)));
  // What was moved has lost the focus.
  if (active && active !== document.activeElement && active.isConnected) active.focus({ preventScroll: true });
}

function settle(parent, wanted) {
  const keyed = new Map();
  for (const child of parent.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
  let here = parent.firstChild;
  for (const next of wanted) {
    const key = keyOf(next);
    const found = key ? keyed.get(key) : here && !keyOf(here) ? here : null;
    if (!found || found.nodeName !== next.nodeName) { parent.insertBefore(next, here); continue; }
    if (found === here) here = here.nextSibling; else parent.insertBefore(found, here);
    become(found, next);
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

function become(node, next) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== next.data) node.data = next.data;
    return;
  }
  for (const { name } of [...node.attributes]) if (!next.hasAttribute(name)) node.removeAttribute(name);
  for (const { name, value } of next.attributes) {
    if (node.getAttribute(name) === value) continue;
    // The content security policy of the page allows no styles as attributes.
    if (name === "style") node.style.cssText = value; else node.setAttribute(name, value);
  }
  settle(node, [...next.childNodes]);
  if ("selected" in node && node.selected !== next.selected) node.selected = next.selected;
  if ("checked" in node && node.checked !== next.checked) node.checked = next.checked;
}
