"""Time day 5's handler beside a bare Flask view, and beside the same handler on wechatpy.

Run it: uv run python -m benchmarks.wechat_handler
"""

import http.client
import statistics
import subprocess
import sys
import time
from itertools import count
from urllib.parse import urlencode

from flask import Flask, Response, abort, request
from wechatpy import create_reply, parse_message
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature
from werkzeug.test import EnvironBuilder, run_wsgi_app

from course.catalogue import ROOT
from day05_wechat.handler.app import create_app
from day05_wechat.signature.app import sign

TOKEN = "Token4Benchmarks"  # noqa: S105
NAMES = ("bare", "ours", "wechatpy")
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
    """Return the lesson."""
    return create_app({"WECHAT_TOKEN": TOKEN})


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
            check_signature(TOKEN, given["signature"], given["timestamp"], given["nonce"])
        except InvalidSignatureException:
            abort(403)
        received = parse_message(request.get_data())
        reply = create_reply(received.content, received)
        return Response(reply.render(), mimetype="application/xml")

    return app


def in_process(app: Flask, requests: int) -> float:
    """Return requests a second for calls of the WSGI app, without a server."""
    environs = [
        EnvironBuilder(
            "/wechat", query_string=QUERY, method="POST", data=message(), headers=HEADERS
        ).get_environ()
        for _ in range(requests)
    ]
    begun = time.perf_counter()
    for environ in environs:
        parts, status, _ = run_wsgi_app(app, environ)
        b"".join(parts)
        assert status == "200 OK"
    return requests / (time.perf_counter() - begun)


def over_http(connection: http.client.HTTPConnection, requests: int) -> float:
    """Return requests a second over one connection that stays open."""
    bodies = [message() for _ in range(requests)]
    begun = time.perf_counter()
    for body in bodies:
        connection.request("POST", f"/wechat?{QUERY}", body, HEADERS)
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    return requests / (time.perf_counter() - begun)


def serve(name: str) -> None:
    """Serve one of the apps with waitress on a free port, and print the port."""
    from waitress import create_server

    server = create_server(globals()[name](), host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)
    server.run()


def start(name: str) -> tuple[subprocess.Popen[str], http.client.HTTPConnection]:
    """Start a process that serves an app, and connect to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, name], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    port = int(process.stdout.readline())
    return process, http.client.HTTPConnection("127.0.0.1", port, timeout=10)


def report(title: str, rates: dict[str, list[float]]) -> None:
    """Print the median of each, and how it compares with the bare view."""
    print(title)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    for name, rate in medians.items():
        print(f"  {name:9} {rate:7,.0f} requests a second, {rate / medians['bare']:.2f} of bare")
    print(f"  ours is {medians['ours'] / medians['wechatpy']:.2f} of wechatpy")


def main() -> None:
    """Print the figures; the rounds take turns, so that a busy moment meets all of them."""
    apps = {name: globals()[name]() for name in NAMES}
    rates: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(9):
        for name, app in apps.items():
            rates[name].append(in_process(app, 1000))
    report("Called directly, without a server:", rates)
    running = {name: start(name) for name in NAMES}
    try:
        rates = {name: [] for name in NAMES}
        for _ in range(9):
            for name, (_, connection) in running.items():
                rates[name].append(over_http(connection, 500))
        report("Over HTTP, one process with waitress, one connection:", rates)
    finally:
        for process, connection in running.values():
            connection.close()
            process.terminate()
            process.communicate(timeout=10)


if __name__ == "__main__":
    serve(sys.argv[1]) if len(sys.argv) > 1 else main()
