// Talks to the server: questions and the token.

import { byId } from "./elements.js";

// Where the page lives: its modules lie beside it.
export const base = new URL("./", import.meta.url);

export const savedToken = () => sessionStorage.getItem("token") || "";

function headers() {
  const token = savedToken();
  return token ? { authorization: "Bearer " + token } : {};
}

// Asks for a path below the page's own, such as "api/summary".
export async function ask(path, parameters) { return bodyOf(await answerTo(path, parameters)); }

export async function fetchText(path, parameters) { return (await answerTo(path, parameters)).text(); }

async function answerTo(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters || {})
    .flatMap(([name, value]) => [value].flat().map((value) => [name, value])).filter(([, value]) => value !== "")).toString();
  const answer = await fetch(new URL(path + (query ? "?" + query : ""), base), { headers: headers() });
  if (answer.status === 401) { await login(); return answerTo(path, parameters); }
  if (answer.ok) return answer;
  const { error } = await bodyOf(answer);
  throw new Error(error || answer.statusText || `the server answered ${answer.status}`);
}

// What proxies answer on their own is no JSON.
async function bodyOf(response) {
  try { return await response.json(); } catch {
    if (response.ok) throw new Error("the server's answer was cut short");
    return {};
  }
}

let loggingIn = null;
export function login() {
  if (loggingIn) return loggingIn;
  loggingIn = new Promise((resolve) => {
    const dialog = byId("login");
    dialog.addEventListener("close", () => {
      sessionStorage.setItem("token", byId("token").value.trim());
      byId("token").value = "";
      loggingIn = null;
      resolve();
    }, { once: true });
    dialog.showModal();
  });
  return loggingIn;
}
