// Talks to the server: questions, the token, and the stream of news.

import { byId } from "/elements.js";

function headers() {
  const token = sessionStorage.getItem("token");
  return token ? { authorization: "Bearer " + token } : {};
}

export async function ask(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters || {})
    .flatMap(([name, value]) => [value].flat().map((value) => [name, value])).filter(([, value]) => value !== ""));
  const response = await fetch(path + (query.size ? "?" + query : ""), { headers: headers() });
  if (response.status === 401) { await login(); return ask(path, parameters); }
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
}

let loggingIn = null;
function login() {
  if (loggingIn) return loggingIn;
  loggingIn = new Promise((resolve) => {
    const dialog = byId("login");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem("token", byId("token").value);
      byId("token").value = "";
      loggingIn = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return loggingIn;
}

// Calls `onStatus` with every status that the server sends, for good. Server-sent events by hand, because
// EventSource cannot send a token.
export async function listen(onStatus) {
  for (let pause = 500; ; pause = Math.min(pause * 2, 15000)) {
    try {
      const response = await fetch("/api/events", { headers: headers() });
      if (response.status === 401) { await login(); continue; }
      if (!response.ok) throw new Error(response.statusText);
      byId("dot").className = "dot live";
      pause = 500;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const line = event.split("\n").find((line) => line.startsWith("data: "));
          if (line) onStatus(JSON.parse(line.slice(6)));
        }
      }
    } catch { /* Said by the dot, and tried again. */ }
    byId("dot").className = "dot lost";
    byId("status-text").textContent = "connection lost, trying again …";
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
