"""What the tests of several lessons of day 5 need: messages, random examples, a raw server."""

import atexit
import contextlib
import importlib
import io
import shutil
import socket
import tempfile
import threading
from itertools import count
from urllib.parse import urlencode

import xmltodict
from hypothesis import settings
from wechatpy.utils import WeChatSigner

FOLDER = tempfile.mkdtemp(prefix="flask-in-six-days-")
"""Where the login keeps its visits, instead of ``instance``."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

few = settings.get_profile("day05")
"""How many random examples are tried; conftest.py says."""

WAIT = 60
"""Seconds after which a test that waits for a thread or a response gives up."""

TOKEN = "Token4Tests"
USER, ACCOUNT = "oUser-1", "gh_0123456789ab"
HEADER = {"ToUserName": ACCOUNT, "FromUserName": USER, "CreateTime": "1700000000"}
numbers = count(1)


def first_program(lesson, monkeypatch, **environ):
    """Import the small program of a lesson with these environment variables; return its module."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return importlib.reload(importlib.import_module(f"day05_wechat.{lesson}.first"))


def text_message(content="hello", **more):
    """Return a text message with a MsgId of its own, as each message has."""
    return HEADER | {"MsgType": "text", "Content": content, "MsgId": str(next(numbers))} | more


def event_message(name, **more):
    """Return an event; it has no MsgId, so its time tells it from others."""
    time = str(1700000000 + next(numbers))
    return HEADER | {"MsgType": "event", "Event": name, "CreateTime": time} | more


def signed(timestamp="1700000000", nonce=None, **more):
    """Return the URL that WeChat calls, with a nonce of its own and signed by wechatpy."""
    nonce = nonce or str(next(numbers))
    signer = WeChatSigner()
    signer.add_data(TOKEN, timestamp, nonce)
    query = {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce}
    return f"/wechat?{urlencode(query | more)}"


def post(app, message, url=None, **more):
    """Send a message, or a body as bytes, as WeChat does; return the response."""
    if isinstance(message, dict):
        message = xmltodict.unparse({"xml": message}, full_document=False).encode()
    options = {"content_type": "text/xml"} | more
    return app.test_client().post(url or signed(openid=USER), data=message, **options)


class BrokenChunksError(Exception):
    """What a server raises for a body whose chunks are malformed; each has a kind of its own."""


def broken_body():
    """Return the arguments of a test client's request whose body the server cannot read."""

    class Stream(io.BytesIO):
        def read(self, size=-1):
            raise BrokenChunksError

        readinto = read

    return {"input_stream": Stream(), "environ_overrides": {"wsgi.input_terminated": True}}


@contextlib.contextmanager
def raw_server(talk):
    """Give each connection to ``talk``, which sends the bytes of a response itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def work():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(OSError):
                        talk(connection)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends the accept that waits
            thread.join()
