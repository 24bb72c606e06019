// The one stream of all tabs of a browser: runs as long as a tab is visible, and passes on to all what it hears.

import { follow } from "./stream.js";

// Tabs say every 30 seconds that they are visible; one that does not has gone without a word.
const silenceLimit = 90000;

const base = new URL("./", self.location.href).href;
// When each visible tab was last heard of.
const visible = new Map();
const ports = new Set();
let token = "";
let latest = {};
let running = null;

function tell(message) {
  if ("status" in message || "state" in message) latest = { ...latest, ...message };
  if (message.login) stop();
  for (const port of ports) port.postMessage(message);
}

function start() {
  if (running) return;
  running = new AbortController();
  follow(base, token, tell, running.signal);
}

function stop() {
  if (running) running.abort();
  running = null;
}

function settle() {
  const now = Date.now();
  for (const [port, heard] of visible) if (now - heard > silenceLimit) visible.delete(port);
  if (visible.size) start(); else stop();
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  if (running && "status" in latest) port.postMessage(latest);
  port.onmessage = ({ data }) => {
    if (data.token && data.token !== token) { token = data.token; stop(); }
    if (data.gone) ports.delete(port);
    // A page that was put aside and is shown again.
    else if (!ports.has(port)) { ports.add(port); if (running && "status" in latest) port.postMessage(latest); }
    if (data.visible) visible.set(port, Date.now()); else visible.delete(port);
    settle();
  };
};

setInterval(settle, 30000);
