// Sends without leaving the page, and shows the tries as they happen. Without this script the same
// forms work, and the page comes back when all is done.
"use strict";

const log = document.getElementById("log");
const problem = document.getElementById("problem");
const text = document.getElementById("text");
let waiting = 0;

// Takes over what is new in a page. The conversation changes entry by entry: a screen reader reads
// out what is added there, and should not begin anew each time.
function show(page) {
  for (const name of ["log", "desk"]) merge(document.getElementById(name), page.getElementById(name));
  for (const name of ["wire", "menu", "conditions"]) {
    const old = document.getElementById(name);
    const fresh = page.getElementById(name);
    if (old.innerHTML !== fresh.innerHTML) keepFocus(() => (old.innerHTML = fresh.innerHTML));
  }
  log.dataset.version = page.getElementById("log").dataset.version;
}

function merge(list, fresh) {
  const ids = new Set([...fresh.children].map((entry) => entry.id));
  for (const old of [...list.children]) {
    if (!ids.has(old.id)) old.remove();
  }
  for (const entry of [...fresh.children]) {
    const old = document.getElementById(entry.id);
    if (!old) list.append(entry);
    else if (old.outerHTML !== entry.outerHTML) keepFocus(() => replace(old, entry));
  }
}

// What someone is writing stays.
function replace(old, entry) {
  const typed = old.querySelector("textarea")?.value;
  if (typed) entry.querySelector("textarea").value = typed;
  old.replaceWith(entry);
}

// A button or field that is drawn anew keeps the focus.
function keepFocus(change) {
  const { id, name, value } = document.activeElement;
  const form = document.activeElement.closest("form")?.id;
  change();
  if (document.activeElement !== document.body || !form) return;
  const fields = [...(document.getElementById(form)?.elements ?? [])];
  fields.find((field) => (id ? field.id === id : field.name === name && field.value === value))?.focus();
}

async function read(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

async function look() {
  show(await read(await fetch(log.dataset.page)));
}

async function follow() {
  while (waiting) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (waiting) await look();
  }
}

// Messages that are not replies come at any time.
setInterval(async () => {
  if (waiting || document.hidden) return;
  try {
    const version = await (await fetch(log.dataset.news)).text();
    if (version !== log.dataset.version) await look();
  } catch {
    // The simulator has ended; the next message says so.
  }
}, 1500);

async function send(action, body) {
  waiting += 1;
  if (waiting === 1) follow().catch(() => {});
  try {
    const response = await fetch(action, { method: "POST", body });
    const page = await read(response);
    problem.hidden = response.ok;
    if (response.ok) show(page);
    else problem.textContent = page.getElementById("problem")?.textContent ?? response.statusText;
    if (!response.ok && !text.value) text.value = body.get("text") ?? "";
  } catch {
    problem.hidden = false;
    problem.textContent = "The simulator does not respond. Does it still run?";
  } finally {
    waiting -= 1;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.classList.contains("live")) return;
  event.preventDefault();
  send(form.action, new URLSearchParams(new FormData(form, event.submitter)));
  form.reset();
});

text.addEventListener("keydown", (event) => {
  // While a Chinese word is being composed, Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  text.form.requestSubmit();
});
