// Who answers in a live site: the reader itself, in a worker of this page. It is started when it is
// needed for the first time: reading needs none of it.
import { done, files, has, keep, mark, onOtherTab } from "./kept.js";

const ROOT = new URL("../", import.meta.url);
const SECONDS = 10; // that a lesson has for a response, as in the reader
const SECONDS_TO_CHECK = 60; // many requests at once
const SECONDS_TO_IMPORT = 60; // that Python has for the packages of a lesson, which are not its fault

let started; // the promise of a worker that is ready
let notice = ""; // why the worker was started anew: the next response tells
let last = Promise.resolve(); // the request before: they are sent one at a time

// An address as the reader knows it: "/api/send", "/day01/hello/?file=app.py".
const addressOf = (url) => {
  if (typeof url === "string" && url.startsWith("/")) return url;
  return `/${new URL(url, location.href).href.slice(ROOT.href.length)}`;
};

// -- the start, and what is seen of it

const bar = (() => {
  const box = document.createElement("div");
  const [words, meter] = [document.createElement("span"), document.createElement("progress")];
  box.className = "starting";
  words.setAttribute("role", "status");
  meter.setAttribute("aria-label", "Python is loaded");
  box.append(words, meter);
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  return {
    say: (text) => { words.textContent = text; meter.hidden = true; document.body.append(box); },
    progress: ({ loaded, total }) => {
      words.textContent = `Python starts: ${megabytes(loaded)} of ${megabytes(total)} MB`;
      Object.assign(meter, { max: total, value: loaded, hidden: false });
      document.body.append(box);
    },
    hide: () => box.remove(),
  };
})();

const start = () => {
  started ??= new Promise((resolve, reject) => {
    bar.say("Python starts …");
    const worker = new Worker(new URL("live/worker.js", ROOT), { type: "module" });
    const pending = new Map(); // id -> { resolve, reject }
    const fail = (text) => {
      worker.terminate();
      started = undefined; // the next request tries again
      bar.hide();
      reject(new Error(text));
      for (const each of pending.values()) each.reject(new Error(text));
    };
    let kept = Promise.resolve();
    worker.addEventListener("error", (event) => fail(`Python does not start in this browser: ${event.message ?? "its file is missing"}.`));
    worker.addEventListener("message", async ({ data }) => {
      if (data.progress) bar.progress(data.progress);
      else if (data.changed) kept = keep(data.changed).catch(() => { notice = "This browser keeps nothing: download your work before you leave the page."; });
      else if (data.failed) fail(data.failed);
      else if (data.ready) {
        bar.hide();
        resolve({ worker, pending });
      } else if (data.begun) pending.get(data.begun)?.begin();
      else if (pending.has(data.id)) {
        const { resolve: settle } = pending.get(data.id);
        pending.delete(data.id);
        await kept; // what is said to be saved is saved
        settle(data);
      }
    });
    files().then((restore) => worker.postMessage({ restore, root: ROOT.pathname }));
  });
  return started;
};

onOtherTab(async (changed) => {
  if (started) (await started).worker.postMessage({ restore: changed });
});

// -- requests

const sendOne = async (address, { method = "GET", headers = {}, body = null }) => {
  const { worker, pending } = await start();
  const seconds = address.startsWith("/api/check") ? SECONDS_TO_CHECK : SECONDS;
  const id = crypto.randomUUID();
  return new Promise((resolve, reject) => {
    const stop = (after) => () => {
      worker.terminate(); // no one can end Python's own thread from inside
      started = undefined;
      const why = `The lesson did not end within ${after} seconds. It was stopped.`;
      notice = `${why} What lessons kept in memory is gone.`;
      reject(new Error(why));
      start().catch(() => {});
    };
    let timer = setTimeout(stop(SECONDS_TO_IMPORT), SECONDS_TO_IMPORT * 1000);
    const begin = () => {
      clearTimeout(timer);
      timer = setTimeout(stop(seconds), seconds * 1000);
    };
    const settled = (act) => (value) => {
      clearTimeout(timer);
      act(value);
    };
    pending.set(id, { begin, resolve: settled(resolve), reject: settled(reject) });
    worker.postMessage({ id, method, url: address, headers, body });
  });
};

// Ask the reader in the worker: `{status, headers, body}`.
const toWorker = (address, options) => {
  const sent = last.then(() => sendOne(address, options));
  last = sent.catch(() => {});
  return sent;
};

const EMPTY = new Set([101, 204, 205, 304]);

const responseOf = ({ status, headers, body }) => new Response(EMPTY.has(status) ? null : body, { status, headers });

const json = (data, status = 200) => Response.json(data, { status });

// What was done is known without the worker.
const progress = async ({ body }) => {
  const { lesson, what } = JSON.parse(body ?? "{}");
  const { lessons, last: id } = what ? await mark(lesson, what) : await done();
  return json({ lessons, last: id ? { id } : null });
};

// A file as the site has it, if the visitor has not changed it: reading starts no worker.
const fromSite = async (lesson, file) => {
  if (started || (await has(`${lesson}/${file}`))) return null;
  const path = file.split("/").map(encodeURIComponent).join("/");
  const response = await fetch(new URL(`${lesson}/source/${path}.html`, ROOT));
  return response.ok ? response : null;
};

const textFromSite = async (response) => {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const { version } = page.querySelector("#pane-file").dataset;
  const text = page.querySelector("#code")?.textContent;
  return text === undefined || !version ? null : json({ text, version, changed: false });
};

const isSolved = async (response, { lesson }) => {
  const { solved } = await response.clone().json();
  if (solved !== undefined) await mark(lesson, "solved", solved);
};

// Tell with the next response that the worker was started anew, as the reader does.
const withNotice = async (response) => {
  if (!notice || !response.ok) return response;
  const told = json({ ...(await response.json()), notice });
  notice = "";
  return told;
};

export const ask = async (url, options = {}) => {
  const address = addressOf(url);
  const { pathname, searchParams } = new URL(address, location.origin);
  if (pathname === "/api/progress") return progress(options);
  const file = searchParams.get("file");
  if (pathname === "/api/file" && file && !options.method) {
    const page = await fromSite(searchParams.get("lesson"), file);
    const found = page && (await textFromSite(page));
    if (found) return found;
  } else if (file) {
    const page = await fromSite(pathname.slice(1, -1), file);
    if (page) return page;
  } else if (!pathname.startsWith("/api/")) {
    return fetch(url, options);
  }
  const response = responseOf(await toWorker(address, options));
  if (pathname === "/api/check") await isSolved(response, JSON.parse(options.body));
  return ["/api/send", "/api/where"].includes(pathname) ? withNotice(response) : response;
};

export const isAwake = () => Boolean(started);

// -- the lesson's own pages: the service worker asks this page for what is below "run/"

const NO_PAGES = "This browser lets the site have no service worker here (a private window, or no https), so a lesson cannot have a page of its own. Reading, “Try it” and the exercises work.";

const registered = (async () => {
  if (!navigator.serviceWorker) return NO_PAGES;
  navigator.serviceWorker.addEventListener("message", async ({ data, ports: [port] }) => {
    if (!data.run || !port) return;
    const { url, ...options } = data.run;
    try {
      port.postMessage(await toWorker(url, options));
    } catch (error) {
      const headers = [["Content-Type", "text/plain; charset=utf-8"]];
      port.postMessage({ status: 503, headers, body: new TextEncoder().encode(error.message) });
    }
  });
  navigator.serviceWorker.startMessages();
  try {
    await navigator.serviceWorker.register(new URL("sw.js", ROOT), { scope: ROOT.pathname });
    await navigator.serviceWorker.ready;
  } catch {
    return NO_PAGES;
  }
  for (const link of document.querySelectorAll(".open[hidden]")) link.hidden = false;
  return "";
})();

// Why lessons have no pages here; empty where they have.
export const whyNoPages = () => registered;
