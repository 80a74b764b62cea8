"""The program client.py: it sends data in eight ways and prints what goes over the network.

Begin with test_the_client_sends_everything_and_all_of_it_arrives.
"""

import re
import runpy
import socket
import socketserver
import sys
import threading

import pytest
from flask import Flask, redirect

from day01.sending_data import client as program
from day01.sending_data.app import app
from tests.helpers import serving


@pytest.fixture(scope="module")
def base():
    """Serve the lesson as ``flask run`` does, on a free port."""
    with serving(app) as server:
        yield server.url


def test_the_client_sends_everything_and_all_of_it_arrives(base, capsys):
    assert program.main([base + "/"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert re.findall("^== (.*) ==$", printed.out, re.MULTILINE) == [
        "In the path",
        "In the query string",
        "In a header",
        "In a cookie",
        "In a form",
        "As JSON",
        "As XML",
        "As a file",
    ]
    assert re.findall(r"^< (\{.*)", printed.out, re.MULTILINE) == [
        '{"goods_id":7}',
        '{"args":{"size":["1","2"],"word":["tea"]},"method":"GET"}',
        '{"X-Token":"open sesame"}',
        '{"cookies":{"theme":"dark"},"header":"theme=dark"}',
        '{"form":{"drink":["tea"],"name":["Ann"]}}',
        '{"json":{"cups":2,"name":"Ann"}}',
        '{"xml":{"order":{"cups":"2","drink":"tea"}}}',
        '{"filename":"postcard.txt","form":{"to":["Ann"]},"size":45,'
        + '"starts_with":"Greetings from d","type":"text/plain"}',
    ]


def test_the_client_says_when_it_is_refused(capsys):
    with serving(Flask("another")) as server:
        assert program.main([server.url]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("< HTTP/1.1 404 NOT FOUND") == 8
    assert printed.err == f"8 requests were refused. Is this the lesson at {server.url}?\n"


def test_the_client_follows_no_redirect(capsys):
    moved = Flask("moved")
    moved.register_error_handler(404, lambda error: redirect("/raw"))
    with serving(moved) as server:
        assert program.main([server.url]) == 1
    printed = capsys.readouterr()
    assert printed.out.count("< HTTP/1.1 302 FOUND") == 8
    assert printed.err.startswith("8 requests were refused.")


@pytest.mark.parametrize(
    ("argv", "base"),
    [
        ([], "http://127.0.0.1:5000"),
        (["http://127.0.0.1:5001/"], "http://127.0.0.1:5001"),
        (["http://127.0.0.1:5000/day01/sending_data/"], "http://127.0.0.1:5000/day01/sending_data"),
    ],
)
def test_the_client_uses_the_url_it_is_given_or_the_default(capsys, monkeypatch, argv, base):
    called = []

    def refuse(session, method, url, **_):
        called.append(url)
        raise program.requests.ConnectionError

    monkeypatch.setattr(program.requests.Session, "request", refuse)
    assert program.main(argv) == 1
    assert called == [f"{base}/goods/7"]
    assert f"No lesson listens at {base}." in capsys.readouterr().err


@pytest.mark.parametrize("base", ["127.0.0.1:5000", "http://", "tea", "http://127.0.0.1:99999"])
def test_the_client_explains_what_a_url_looks_like(capsys, base):
    assert program.main([base]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "is not a URL. Write http://127.0.0.1:5000." in printed.err


def test_without_a_server_the_client_says_how_to_start_it(capsys, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # the port is taken, and no server listens on it
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(sys, "argv", ["client.py", base])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(program.__file__, run_name="__main__")
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"No lesson listens at {base}. Start it in another terminal")
    assert "    flask --app day01.sending_data.app run --debug\n" in printed.err


# What it prints, byte for byte


class Recorder(socketserver.StreamRequestHandler):
    """Keep every byte of a request, and send an unusual response."""

    head = b"HTTP/1.0 200 Fine\r\nX-Kind: one\r\nX-Kind: two\r\n\r\n"
    body = b"first\r\n\x1b[31mred\xe8\x8c\xb6\xff"

    def handle(self):
        message = b""
        while not message.endswith(b"\r\n\r\n"):
            message += self.rfile.readline()
        length = re.search(rb"Content-Length: (\d+)", message)
        message += self.rfile.read(int(length[1])) if length else b""
        self.server.messages.append(message.decode())
        self.wfile.write(self.head + self.body)


def test_the_client_prints_what_goes_over_the_wire(capsys):
    with socketserver.TCPServer(("127.0.0.1", 0), Recorder) as server:
        server.messages = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            assert program.main(["http://{}:{}".format(*server.server_address)]) == 0
        finally:
            server.shutdown()
            thread.join()
    examples = re.split("^== .* ==$", capsys.readouterr().out, flags=re.MULTILINE)[1:]
    assert len(examples) == 8
    for example, message in zip(examples, server.messages, strict=True):
        lines = example.splitlines()
        assert [line[2:] for line in lines if line.startswith(">")] == message.splitlines()
        came = [line[2:] for line in lines if line.startswith("<")]
        assert came[:4] == ["HTTP/1.0 200 Fine", "X-Kind: one", "X-Kind: two", ""]
        assert came[4:] == ["first", r".[31mred茶\xff"]


def test_the_client_uses_no_proxy_for_this_machine(base, capsys, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert program.main([base]) == 0
    assert "200 OK" in capsys.readouterr().out
