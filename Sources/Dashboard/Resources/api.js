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
export async function ask(path, parameters) {
  const query = new URLSearchParams(Object.entries(parameters || {})
    .flatMap(([name, value]) => [value].flat().map((value) => [name, value])).filter(([, value]) => value !== "")).toString();
  const response = await fetch(new URL(path + (query ? "?" + query : ""), base), { headers: headers() });
  if (response.status === 401) { await login(); return ask(path, parameters); }
  const body = await bodyOf(response);
  if (!response.ok) throw new Error(body.error || response.statusText || `the server answered ${response.status}`);
  return body;
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
