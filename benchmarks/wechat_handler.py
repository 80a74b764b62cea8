"""Compare the CPU time of day 5's handler with a bare view's, and with a handler on wechatpy.

CPU time is the same on an idle and on a busy machine, or nearly: caches are shared. So the apps
take turns in short rounds, and each round compares all of them. The figures are microseconds of CPU
a request, the best and the median round; a ratio is the median of the rounds' ratios.

Run it: uv run python -m benchmarks.wechat_handler [ROUNDS]
"""

import functools
import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from urllib.parse import urlencode

import xmltodict
from flask import Flask, Response, abort, request
from wechatpy import create_reply, parse_message
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature as wechatpy_check_signature
from werkzeug.test import EnvironBuilder, run_wsgi_app

from course.catalogue import ROOT
from day05_wechat.handler.app import check_signature, create_app
from day05_wechat.handler.bot import on
from day05_wechat.signature.app import sign

TOKEN = "Token4Benchmarks"  # noqa: S105
NAMES = ("bare", "unchecked", "ours", "wechatpy")
REQUESTS = 100
"""In each round, for each app."""
PARTS = ("1700000000", "999999")
QUERY = urlencode(
    {"signature": sign(TOKEN, *PARTS), "timestamp": PARTS[0], "nonce": PARTS[1], "openid": "oUser"}
)
HEADERS = {"Content-Type": "text/xml"}
numbers = count(1)


def message() -> bytes:
    """Return a text message as WeChat lays it out, with a number of its own."""
    return (
        "<xml><ToUserName><![CDATA[gh_0123456789ab]]></ToUserName>"
        "<FromUserName><![CDATA[oUser]]></FromUserName><CreateTime>1700000000</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[Hello, 你好]]></Content>"
        f"<MsgId>{next(numbers)}</MsgId></xml>"
    ).encode()


def ours() -> Flask:
    """Return the lesson as it runs on a server."""
    return create_app({"WECHAT_TOKEN": TOKEN, "WECHAT_ENV": "production"})


def unchecked() -> Flask:
    """Return the lesson without what wechatpy does not do either.

    It has no memory of messages, no limits, no check of a message's shape, and a text is pasted.
    """
    app = Flask("unchecked")
    app.config.from_mapping(WECHAT_TOKEN=TOKEN, WECHAT_FRESH_SECONDS="0")

    @app.post("/wechat")
    def receive():
        check_signature()
        reply = on.reply(xmltodict.parse(request.get_data())["xml"])
        xml = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in reply.items())
        return Response(f"<xml>{xml}</xml>", mimetype="application/xml")

    return app


def bare() -> Flask:
    """Return a view that takes the body and says a word."""
    app = Flask("bare")

    @app.post("/wechat")
    def receive():
        request.get_data()
        return Response("success", mimetype="text/plain")

    return app


def wechatpy() -> Flask:
    """Return the handler as wechatpy's documentation writes it: no memory, no limit."""
    app = Flask("wechatpy")

    @app.post("/wechat")
    def receive():
        given = request.args
        try:
            wechatpy_check_signature(TOKEN, given["signature"], given["timestamp"], given["nonce"])
        except InvalidSignatureException:
            abort(403)
        received = parse_message(request.get_data())
        reply = create_reply(received.content, received)
        return Response(reply.render(), mimetype="application/xml")

    return app


def in_process(app: Flask) -> float:
    """Return the CPU seconds of some calls of the WSGI app, without a server."""
    environs = [
        EnvironBuilder(
            "/wechat", query_string=QUERY, method="POST", data=message(), headers=HEADERS
        ).get_environ()
        for _ in range(REQUESTS)
    ]
    begun = time.process_time()
    for environ in environs:
        parts, status, _ = run_wsgi_app(app, environ)
        b"".join(parts)
        assert status == "200 OK"
    return time.process_time() - begun


def over_http(connection: http.client.HTTPConnection) -> float:
    """Return the CPU seconds that a server needs for some requests over one connection."""

    def send(method: str, path: str, body: bytes | None = None) -> bytes:
        connection.request(method, path, body, HEADERS)
        response = connection.getresponse()
        assert response.status == 200
        return response.read()

    begun = float(send("GET", "/cpu"))
    for _ in range(REQUESTS):
        send("POST", f"/wechat?{QUERY}", message())
    return float(send("GET", "/cpu")) - begun


def serve(name: str) -> None:
    """Serve one of the apps with waitress on a free port, and print the port."""
    from waitress import create_server

    app = globals()[name]()
    app.add_url_rule("/cpu", view_func=lambda: str(time.process_time()))
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)
    server.run()


def start(name: str) -> tuple[subprocess.Popen[str], http.client.HTTPConnection]:
    """Start a process that serves an app, and connect to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, name], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline())
    return process, http.client.HTTPConnection("127.0.0.1", port, timeout=10)


def compare(title: str, rounds: int, measures: dict[str, Callable[[], float]]) -> None:
    """Let the apps take turns, and print what each needs, and how ours compares."""
    seconds = [{name: measure() for name, measure in measures.items()} for _ in range(rounds)]
    del seconds[: rounds // 10]  # the first rounds fill the caches
    print(f"{title}\n{'':12}{'best':>8}{'median':>8}")
    for name in measures:
        each = [microseconds(round_[name]) for round_ in seconds]
        print(f"  {name:10}{min(each):8.1f}{statistics.median(each):8.1f}")
    for name in ("ours", "unchecked"):
        for other in ("wechatpy", "bare"):
            ratio = statistics.median(round_[other] / round_[name] for round_ in seconds)
            print(f"  {name}: {ratio:.2f} of the speed of {other}")


def microseconds(seconds: float) -> float:
    """Return the CPU time of one request."""
    return seconds / REQUESTS * 1e6


def main(rounds: int = 100) -> None:
    """Print the figures, first without a server and then over HTTP."""
    apps = {name: globals()[name]() for name in NAMES}
    direct = {name: functools.partial(in_process, app) for name, app in apps.items()}
    compare("Called directly, microseconds of CPU a request:", rounds, direct)
    running = {name: start(name) for name in NAMES}
    try:
        served = {name: functools.partial(over_http, c) for name, (_, c) in running.items()}
        compare("Over HTTP with waitress, the server's CPU alone:", rounds, served)
    finally:
        for process, connection in running.values():
            connection.close()
            process.terminate()
            process.communicate(timeout=10)


if __name__ == "__main__":
    serve(sys.argv[1]) if sys.argv[1:] and sys.argv[1] in NAMES else main(*map(int, sys.argv[1:]))
