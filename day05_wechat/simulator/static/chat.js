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
  const fresh = page.getElementById("log");
  const ids = new Set([...fresh.children].map((entry) => entry.id));
  for (const old of [...log.children]) {
    if (!ids.has(old.id)) old.remove();
  }
  for (const entry of [...fresh.children]) {
    const old = document.getElementById(entry.id);
    if (!old) log.append(entry);
    else if (old.outerHTML !== entry.outerHTML) old.replaceWith(entry);
  }
  const wire = document.getElementById("wire");
  const now = page.getElementById("wire");
  if (wire.innerHTML !== now.innerHTML) wire.innerHTML = now.innerHTML;
}

async function read(response) {
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

async function follow() {
  while (waiting) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (waiting) show(await read(await fetch(log.dataset.page)));
  }
}

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

for (const form of document.querySelectorAll("form.live")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form.action, new URLSearchParams(new FormData(form, event.submitter)));
    form.reset();
  });
}

text.addEventListener("keydown", (event) => {
  // While a Chinese word is being composed, Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  text.form.requestSubmit();
});
