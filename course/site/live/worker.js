// Python in a worker of the page: it answers what static/answer.js asks.
import { loadPyodide } from "./pyodide.mjs";

const here = (name) => new URL(name, import.meta.url);

// Count the bytes of the large files, whoever asks for them.
const countBytes = (sizes) => {
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  const plainFetch = self.fetch;
  let loaded = 0;
  self.fetch = async (url, options) => {
    const response = await plainFetch(url, options);
    const isLarge = Object.keys(sizes).some((name) => String(url.url ?? url).endsWith(`/${name}`));
    if (!response.body || !isLarge) return response;
    const count = new TransformStream({
      transform(chunk, controller) {
        loaded += chunk.length;
        postMessage({ progress: { loaded: Math.min(loaded, total), total } });
        controller.enqueue(chunk);
      },
    });
    const { status, headers } = response;
    return new Response(response.body.pipeThrough(count), { status, headers });
  };
};

const begin = async () => {
  countBytes(await (await fetch(here("sizes.json"))).json());
  const load = async (name) => (await fetch(here(name))).arrayBuffer();
  const [python, ...archives] = await Promise.all([
    loadPyodide({ indexURL: here(".").href }), load("packages.zip"), load("course.zip"),
  ]);
  for (const archive of archives) python.unpackArchive(archive, "zip", { extractDir: "/course" });
  return python.runPython(`
import importlib, sys
sys.path.insert(0, "/course")
importlib.invalidate_caches()
from course.site.inside import Inside
Inside()
`);
};

const begun = begin();

const restore = (inside, { restore: files, root }) => {
  if (root) inside.mount(root);
  // Python's None is undefined here, and null something else.
  inside.restore(Object.fromEntries(Object.entries(files).map(([name, value]) => [name, value ?? undefined])));
  if (root) postMessage({ ready: true });
};

const answer = (inside, { id, method, url, headers, body }) => {
  const given = body instanceof ArrayBuffer ? new Uint8Array(body) : body ?? undefined;
  inside.prepare(url, given);
  postMessage({ begun: id }); // the lesson's own time
  const [status, shown, bytes, changed] = inside.ask(method, url, headers, given);
  if (Object.keys(changed).length) postMessage({ changed });
  postMessage({ id, status, headers: shown, body: bytes });
};

// Before anything is awaited: what comes earlier would be lost.
onmessage = async ({ data }) => {
  try {
    const inside = await begun;
    if (data.restore) restore(inside, data);
    else answer(inside, data);
  } catch (error) {
    postMessage({ failed: `Python does not run in this browser. ${error.message}` });
  }
};
