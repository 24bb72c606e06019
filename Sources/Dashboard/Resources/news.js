// What the server says of its own accord: from a stream that all tabs of the browser share, or one of this tab's own
// where browsers have no shared workers. A hidden tab listens to nothing.

import { base, login, savedToken } from "./api.js";
import { showConnection } from "./status.js";
import { follow } from "./stream.js";

const reminder = 30000;

// Calls `onStatus` with every status that the server sends, for good.
export function listen(onStatus) {
  const connection = typeof SharedWorker === "undefined" ? ownStream(hear) : sharedStream(hear);
  // Browsers say that a page becomes hidden after they said that it goes, which must be the last word of it.
  let isGone = false;
  const say = () => { if (!isGone) connection({ visible: !document.hidden, token: savedToken() }); };
  addEventListener("visibilitychange", say);
  addEventListener("pagehide", () => { isGone = true; connection({ visible: false, gone: true }); });
  addEventListener("pageshow", () => { isGone = false; say(); });
  setInterval(() => { if (!document.hidden) say(); }, reminder);
  say();

  function hear(message) {
    if (message.login) {
      if (!document.hidden) login().then(say);
      return;
    }
    if (message.state) showConnection(message.state);
    if (message.status) onStatus(message.status);
  }
}

// A stream in a worker. Returns what tells it of this tab.
function sharedStream(hear) {
  const worker = new SharedWorker(new URL("news-worker.js", base), { type: "module", name: "news" });
  let fallback = null;
  worker.port.onmessage = ({ data }) => hear(data);
  let last = {};
  worker.onerror = () => { fallback = fallback || ownStream(hear); fallback(last); };
  return (message) => {
    last = message;
    if (fallback) fallback(message); else worker.port.postMessage(message);
  };
}

// A stream of this tab's own. Returns what tells it of this tab.
function ownStream(hear) {
  let running = null;
  let token = "";
  return (message) => {
    const isOther = message.token && message.token !== token;
    if (isOther) token = message.token;
    if (running && (!message.visible || isOther || running.isOver)) { running.control.abort(); running = null; }
    if (!message.visible || running) return;
    const mine = { control: new AbortController(), isOver: false };
    running = mine;
    const end = () => { mine.isOver = true; };
    follow(base.href, token, (news) => { if (news.login) end(); hear(news); }, mine.control.signal).then(end);
  };
}
