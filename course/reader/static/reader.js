// Everything here is an addition: without it the pages still read, link and search.
"use strict";

const find = (selector) => document.querySelector(selector);
const form = find("#try");
const search = find("input[type=search]");

const reveal = () => {
  for (const element of document.querySelectorAll("button.try, button.copy, #try, #check")) {
    element.hidden = false;
  }
};
reveal();

// Copy buttons, on the lesson's files and on the curl line.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(find(button.dataset.copy).textContent);
  button.textContent = "copied";
  setTimeout(() => { button.textContent = "copy"; }, 1500);
});

// Another file of the lesson: only its box changes, so the request stays as it was edited.
document.addEventListener("click", async (event) => {
  const link = event.target.closest(".files a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const page = await (await fetch(link.href)).text();
  const source = new DOMParser().parseFromString(page, "text/html").querySelector("#source");
  find("#source").replaceWith(source);
  history.replaceState(null, "", link.href);
  reveal();
  find(".files [aria-current]").focus({ preventScroll: true });
});

// Keys: "/" searches, the arrows turn pages; neither while something is being typed.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, pre");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const link = { ArrowLeft: "a[rel=prev]", ArrowRight: "a[rel=next]" }[event.key];
  if (event.key === "/") {
    event.preventDefault();
    search.select();
  } else if (link) {
    find(link)?.click();
  }
});

const show = (id, text) => {
  const element = find(id);
  element.textContent = text ?? "";
  element.hidden = !text;
};

const post = async (url, data) => {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ lesson: form.dataset.lesson, ...data }),
    });
    return await response.json();
  } catch {
    return { error: "The reader does not answer. Is it still running in its terminal?" };
  }
};

// The exercise: the same check as on the command line.
find("#check")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = find("#check-status");
  const button = event.target.querySelector("button");
  button.disabled = true;
  status.textContent = "Checking …";
  status.className = "";
  const result = await post(event.target.dataset.check, { hints: find("#hints").checked });
  button.disabled = false;
  button.focus();
  status.textContent = result.error ?? (result.solved ? "Solved." : "Not yet.");
  status.className = result.solved ? "good" : "bad";
  show("#check-answer", result.lines?.join("\n"));
});

if (form) {
  const [ready, request, cookies] = ["#ready", "#request", "#cookies"].map(find);

  const choose = () => {
    const chosen = ready.selectedOptions[0];
    request.value = chosen.dataset.text;
    request.rows = Math.min(16, Math.max(7, request.value.split("\n").length));
    cookies.checked = Boolean(chosen.dataset.cookies);
  };

  const showCookies = (kept) => {
    show("#jar", kept?.join("; "));
    find("#forget").hidden = !kept?.length;
  };

  const send = async () => {
    const status = find("#status");
    status.textContent = "Sending …";
    status.className = "";
    const data = { request: request.value, cookies: cookies.checked };
    const result = await post(form.dataset.send, data);
    const failed = result.error || /^[45]/.test(result.status);
    status.textContent = result.error ?? `${result.status} · ${result.ms} ms`;
    status.className = failed ? "bad" : "good";
    show("#answer", result.answer);
    show("#failure", result.failure);
    show("#curl-line", result.curl);
    find("#curl").hidden = !result.curl;
    showCookies(result.cookies);
  };

  find("#forget").addEventListener("click", async () => {
    showCookies((await post(form.dataset.forget)).cookies);
    request.focus();
  });

  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  request.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  });
  if (ready) {
    ready.addEventListener("change", choose);
    choose();
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-try]");
    if (!button) return;
    ready.selectedIndex = Number(button.dataset.try);
    choose();
    send();
    form.scrollIntoView({ block: "nearest" });
  });
}
