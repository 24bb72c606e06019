// The news of the server: a stream of events, or questions every few seconds where streams are refused. Used by the
// page and by the worker that all pages of a browser share.

// The server says something every 10 seconds; a stream that says nothing for longer is kept back on its way.
const quietLimit = 25000;
const pollPause = 5000;
const pollCount = 12;

// Tells `tell` of everything until `signal` aborts: { status }, { state: "live", "polling" or "lost" }, { login: true }.
// After the last, nothing more comes: the token is missing or wrong.
export async function follow(base, token, tell, signal) {
  const headers = token ? { authorization: "Bearer " + token } : {};
  for (let pause = 500; !signal.aborted;) {
    const outcome = await stream(base, headers, tell, signal);
    if (signal.aborted) return;
    if (outcome === "login") { tell({ login: true }); return; }
    if (outcome === "heard") pause = 500;
    if (outcome === "refused") {
      const isOver = await poll(base, headers, tell, signal);
      if (isOver) return;
      continue;
    }
    tell({ state: "lost" });
    await sleep(pause, signal);
    pause = Math.min(pause * 2, 15000);
  }
}

// One stream to its end: "heard" something, "refused" or kept back, "lost", or "login".
async function stream(base, headers, tell, signal) {
  const control = new AbortController();
  const abort = () => control.abort();
  signal.addEventListener("abort", abort);
  let isQuiet = false;
  let hasHeard = false;
  const beQuiet = () => { isQuiet = true; abort(); };
  let timer = setTimeout(beQuiet, quietLimit);
  try {
    const response = await fetch(base + "api/events", { headers, signal: control.signal });
    if (response.status === 401) return "login";
    if (!response.ok) return "refused";
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = setTimeout(beQuiet, quietLimit);
      text += value;
      const events = text.split("\n\n");
      text = events.pop();
      for (const event of events) {
        const line = event.split("\n").find((line) => line.startsWith("data: "));
        if (!line) continue;
        if (!hasHeard) tell({ state: "live" });
        hasHeard = true;
        tell({ status: JSON.parse(line.slice(6)) });
      }
    }
  } catch { /* Said by the outcome. */ } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
  return hasHeard ? "heard" : isQuiet ? "refused" : "lost";
}

// Asks for a minute; returns whether the end has come.
async function poll(base, headers, tell, signal) {
  for (let count = 0; count < pollCount && !signal.aborted; count++) {
    try {
      const response = await fetch(base + "api/status", { headers, signal });
      if (response.status === 401) { tell({ login: true }); return true; }
      if (!response.ok) throw new Error(response.statusText);
      tell({ state: "polling" });
      tell({ status: await response.json() });
    } catch { if (!signal.aborted) tell({ state: "lost" }); }
    await sleep(pollPause, signal);
  }
  return signal.aborted;
}

function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
