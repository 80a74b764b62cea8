// The service worker of a live site. A lesson's own pages are below "run/": a page of the course is
// asked for them, since it has the worker in which Python runs. What was loaded once is kept, so
// that it can be read and run without a connection.
const BUILD = "BUILD";
const STATIC = ["STATIC"];

const root = registration.scope;
const PREFIX = `course ${root} `;
const CACHE = PREFIX + BUILD;

addEventListener("install", (event) => {
  skipWaiting();
  const first = ["./", "code.css", ...STATIC];
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(first.map((name) => new URL(name, root)))));
});

const begin = async () => {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
  // The page that was open before there was a service worker.
  const cache = await caches.open(CACHE);
  const open = await clients.matchAll({ type: "window" });
  await Promise.allSettled(open.filter(({ url }) => !isRun(url)).map(({ url }) => cache.add(url.split(/[?#]/)[0])));
};

addEventListener("activate", (event) => event.waitUntil(begin()));

const isRun = (url) => url.startsWith(`${root}run/`);

// -- a lesson's own pages

const NO_PAGE = "This page of a lesson is made by Python in a page of the course. Open the lesson there first, and leave it open.";

const plain = (text) => new Response(text, { status: 503, headers: { "Content-Type": "text/plain; charset=utf-8" } });

const fromLesson = async (request) => {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ url }) => url.startsWith(root) && !isRun(url));
  if (!page) return plain(NO_PAGE);
  const { port1, port2 } = new MessageChannel();
  const reply = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data); });
  const headers = { ...Object.fromEntries(request.headers), "Sec-Fetch-Dest": request.destination };
  const body = ["GET", "HEAD"].includes(request.method) ? null : await request.arrayBuffer();
  const url = `/${request.url.slice(root.length)}`;
  page.postMessage({ run: { method: request.method, url, headers, body } }, [port2]);
  const { status, headers: shown, body: bytes } = await reply;
  const [, location] = shown.find(([name]) => name.toLowerCase() === "location") ?? [];
  if (location && [301, 302, 303, 307, 308].includes(status)) {
    return Response.redirect(new URL(location, request.url), status);
  }
  return new Response([101, 204, 205, 304].includes(status) ? null : bytes, { status, headers: shown });
};

// -- the site: new where there is a connection, kept where there is none

const fromSite = async (request) => {
  const cache = await caches.open(CACHE);
  const address = request.url.split(/[?#]/)[0];
  if (address.startsWith(`${root}live/`)) {
    const kept = await cache.match(address); // large, and the same for one build
    if (kept) return kept;
  }
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(address, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(address);
    if (kept) return kept;
    throw error;
  }
};

addEventListener("fetch", (event) => {
  const { request } = event;
  if (isRun(request.url)) event.respondWith(fromLesson(request));
  else if (request.method === "GET" && request.url.startsWith(root)) event.respondWith(fromSite(request));
});
