"""What the tests of the reader share: asking it and its worker, and editing a lesson."""

import os
import time

from werkzeug.test import Client

LOCAL = "http://127.0.0.1:5050"


def get(client, path, **options):
    """Ask the reader for a page, or the worker for a lesson's."""
    if path.startswith("/run/"):
        reader = client.application
        if "client" not in reader.extensions:
            reader.extensions["client"] = Client(reader.extensions["worker"].worker)
        client = reader.extensions["client"]
    return client.get(path, base_url=LOCAL, **options)


def post(client, call, data, **options):
    """Ask the reader's interface, as its pages do."""
    return client.post(f"/api/{call}", base_url=LOCAL, json=data, **options)


def send(client, text, lesson="day91/hello", jar="", files=(), **options):
    """Send a request to a lesson by the reader."""
    headers = options.pop("headers", None)
    data = {"lesson": lesson, "request": text, "jar": jar, "files": list(files), **options}
    return post(client, "send", data, headers=headers)


def rewrite(path, old, new):
    """Edit a file and let its time differ, as it does when a person saves it."""
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    later = time.time() + 5
    os.utime(path, (later, later))
