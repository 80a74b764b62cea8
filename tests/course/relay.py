"""A live site whose worker is this process: the page's side in a browser, without WebAssembly.

The worker's script relays each request to the reader here, so that its views answer, as they do
where Python runs in the browser.
"""

import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from werkzeug.test import Client

from course.reader import create_reader
from course.reader.process import InThisProcess
from course.reader.worker import Worker
from course.site.work import work

WORKER = """
const address = new URL("../relay", location.href);
const relay = (headers, body) => fetch(address, { method: "POST", headers, body });
onmessage = async ({ data }) => {
  if (data.restore) {
    await relay({ "X-Restore": self.isReady ? "more" : "start" }, JSON.stringify(data.restore));
    if (self.isReady) return;
    self.isReady = true;
    self.root = data.root.replace(/\\/$/, "");
    for (const loaded of [1e6, 2e6]) postMessage({ progress: { loaded, total: 2e6 } });
    postMessage({ ready: true });
    return;
  }
  const { id, method, url, headers, body } = data;
  if (typeof body === "string" && body.includes("/import")) for (;;);
  postMessage({ begun: id });
  if (typeof body === "string" && body.includes("/endless")) for (;;);
  const asked = { "X-Method": method, "X-Url": url, "X-Root": self.root };
  asked["X-Headers"] = JSON.stringify(headers);
  const response = await relay(asked, body);
  const changed = JSON.parse(response.headers.get("X-Changed"));
  if (Object.keys(changed).length) postMessage({ changed });
  const shown = JSON.parse(response.headers.get("X-Headers"));
  const status = Number(response.headers.get("X-Status"));
  postMessage({ id, status, headers: shown, body: new Uint8Array(await response.arrayBuffer()) });
};
"""

SERVICE_WORKER = """
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
const answer = async (request) => {
  const root = registration.scope;
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find(({ url }) => !url.startsWith(`${root}run/`));
  const channel = new MessageChannel();
  const reply = new Promise((resolve) => {
    channel.port1.onmessage = ({ data }) => resolve(data);
  });
  const given = Object.fromEntries(request.headers);
  const headers = { ...given, "Sec-Fetch-Dest": request.destination };
  const body = request.method === "GET" ? null : await request.arrayBuffer();
  const url = `/${request.url.slice(root.length)}`;
  page.postMessage({ run: { method: request.method, url, headers, body } }, [channel.port2]);
  const got = await reply;
  const [, location] = got.headers.find(([name]) => name === "Location") ?? [];
  if (location) return Response.redirect(new URL(location, request.url), got.status);
  return new Response(got.body, { status: got.status, headers: got.headers });
};
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.url.startsWith(`${registration.scope}run/`)) event.respondWith(answer(request));
});
"""


def bundle(out, root):
    """Write what takes the place of Pyodide; say that a lesson does not run there."""
    (out / "live").mkdir(parents=True)
    (out / "live/worker.js").write_text(WORKER, "utf-8")
    return {"day91/other": {"failed": 1, "of": 3, "why": "RuntimeError: can't start new thread"}}


def write_service_worker(out):
    (out / "sw.js").write_text(SERVICE_WORKER, "utf-8")


def texts(root):
    """Return the texts of the lessons below ``root``, by their paths."""
    paths = (path for path in root.glob("day*/**/*.py") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


class Relay(SimpleHTTPRequestHandler):
    """Shows the files of the site, and asks the reader what the worker's script relays."""

    def __init__(self, *args, lessons, log, **options):
        self.lessons, self.log = lessons, log
        super().__init__(*args, **options)

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        status, headers, changed = 200, [], {}
        if start := self.headers["X-Restore"]:
            self.log.append((start, json.loads(body)))
            self.lessons.restore(json.loads(body), anew=start == "start")
            body = b""
        else:
            self.log.append((self.headers["X-Method"], self.headers["X-Url"]))
            before = texts(self.lessons.root)
            status, headers, body = self.lessons.ask(self.headers, body)
            after = texts(self.lessons.root)
            changed = {name: text for name, text in after.items() if before.get(name) != text}
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Status", str(status))
        self.send_header("X-Headers", json.dumps(headers))
        self.send_header("X-Changed", json.dumps(changed))
        self.end_headers()
        self.wfile.write(body)


class Lessons:
    """The reader and its worker, as they run in a visitor's browser."""

    def __init__(self, root, instance):
        self.root, self.first = root, texts(root)
        self.worker = Worker(root)
        self.reader = create_reader(
            root, token=None, worker=InThisProcess(self.worker), instance=instance
        )
        self.reader.register_blueprint(work)

    def restore(self, changed, *, anew):
        for name, text in ({**self.first, **changed} if anew else changed).items():
            (self.root / name).write_text(text, "utf-8")

    def ask(self, asked, body):
        url, base = asked["X-Url"], "http://127.0.0.1:5000"
        app = self.reader
        if url.startswith("/run/"):
            app, base = self.worker, base + asked["X-Root"]  # its links are below the site
        kept = {
            name: value
            for name, value in json.loads(asked["X-Headers"]).items()
            if name.lower() in {"content-type", "sec-fetch-dest", "cookie"}
        }
        response = Client(app).open(
            url, method=asked["X-Method"], base_url=base, data=body, headers=kept
        )
        return response.status_code, list(response.headers), response.data


@contextmanager
def relaying(top, root, instance):
    """Serve the folder ``top`` with its site ``flask/``; give its address and what was asked."""
    log = []
    handler = partial(Relay, directory=top, lessons=Lessons(root, instance), log=log)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/flask/", log
        finally:
            server.shutdown()
            thread.join()
