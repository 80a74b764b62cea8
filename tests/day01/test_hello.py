import importlib.metadata
import os
import re
import runpy
import socket
import subprocess
import sys
import venv
from pathlib import Path
from wsgiref import simple_server

import pytest
from flask import Flask, Response
from flask.cli import ScriptInfo
from packaging.specifiers import SpecifierSet
from werkzeug import serving

from day01.hello import app as lesson
from day01.hello.app import app, index

SOURCE = Path(lesson.__file__)


@pytest.fixture
def starts(monkeypatch):
    """Collect (host, port, app) of each server that somebody tries to start, and start none."""
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    calls = []
    monkeypatch.setattr(serving, "run_simple", lambda *args, **_: calls.append(args))
    return calls


def talk(server, request):
    """Let the server answer one raw request; return all that crosses the wire."""
    with socket.create_connection(server.server_address[:2], timeout=5) as connection:
        connection.sendall(request)
        server.handle_request()
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
    server.server_close()
    return received


@pytest.mark.point("S2-07")
def test_front_page_is_a_line_of_text(client):
    response = client.get("/")
    assert response.status == "200 OK"
    assert response.content_type == "text/html; charset=utf-8"
    assert response.text == "Hello, World!"


@pytest.mark.point("S2-08")
def test_a_route_leads_from_a_path_to_a_view():
    urls = app.url_map.bind("localhost")
    assert urls.match("/") == ("index", {})
    assert urls.match("/bonjour") == ("bonjour", {})
    assert app.view_functions["index"] is index


@pytest.mark.point("S2-07")
def test_the_application_is_named_after_its_module():
    assert app.import_name == lesson.__name__ == "day01.hello.app"


@pytest.mark.point("S2-09")
def test_a_view_returns_a_text_and_flask_makes_the_response():
    assert index() == "Hello, World!"
    response = app.make_response(index())
    assert isinstance(response, Response)
    assert (response.status_code, response.mimetype) == (200, "text/html")


@pytest.mark.point("S2-09")
def test_a_view_may_make_the_response_itself_and_add_a_header(client):
    response = client.get("/bonjour")
    assert response.text == "Bonjour, tout le monde!"
    assert response.headers["Content-Language"] == "fr"
    assert response.content_type == "text/html; charset=utf-8"
    assert "Content-Language" not in client.get("/").headers


@pytest.mark.point("S2-09")
@pytest.mark.parametrize(
    ("value", "status", "mimetype", "body"),
    [
        ("text", 200, "text/html", b"text"),
        (b"bytes", 200, "text/html", b"bytes"),
        ({"a": 1}, 200, "application/json", b'{"a":1}\n'),
        ([1, 2], 200, "application/json", b"[1,2]\n"),
        (("made", 201), 201, "text/html", b"made"),
        (("text", {"Content-Type": "text/plain"}), 200, "text/plain", b"text"),
    ],
)
def test_what_a_view_may_return(value, status, mimetype, body):
    app = Flask("shop")

    @app.get("/")
    def index():
        return value

    response = app.test_client().get("/")
    assert (response.status_code, response.mimetype) == (status, mimetype)
    assert response.data == body


@pytest.mark.point("S2-09")
def test_a_view_without_return_is_refused():
    app = Flask("shop")
    app.testing = True

    @app.get("/")
    def index():
        pass

    with pytest.raises(TypeError, match="either returned None or ended without a return"):
        app.test_client().get("/")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/hello", "404 NOT FOUND"),
        ("GET", "/bonjour/", "404 NOT FOUND"),
        ("POST", "/", "405 METHOD NOT ALLOWED"),
        ("HEAD", "/", "200 OK"),
    ],
)
def test_other_requests_get_an_answer_too(client, method, path, status):
    assert client.open(path, method=method).status == status


@pytest.mark.point("S2-06")
def test_request_and_answer_are_lines_of_text():
    server = serving.make_server("127.0.0.1", 0, app, threaded=True)
    answer = talk(server, b"GET / HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert status == "HTTP/1.1 200 OK"
    assert "Content-Type: text/html; charset=utf-8" in headers
    assert "Content-Length: 13" in headers
    added = {"Server", "Date", "Connection"}
    assert {line.partition(":")[0] for line in headers} == {
        "Content-Type",
        "Content-Length",
        *added,
    }
    assert body == b"Hello, World!"


@pytest.mark.point("S2-02")
def test_a_server_that_knows_nothing_of_flask_serves_the_application():
    server = simple_server.make_server("127.0.0.1", 0, app)
    answer = talk(server, b"GET /bonjour HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"\r\nContent-Language: fr\r\n" in answer
    assert answer.endswith(b"\r\n\r\nBonjour, tout le monde!")


@pytest.mark.point("S2-02")
def test_metadata_of_a_package_say_which_python_it_asks_for():
    wanted = SpecifierSet(importlib.metadata.metadata("flask")["Requires-Python"])
    assert "3.11" in wanted
    assert "2.7" not in wanted


@pytest.mark.point("S2-04")
def test_flask_brings_the_packages_that_it_is_built_on():
    assert importlib.metadata.version("flask").startswith("3.")
    requirements = importlib.metadata.requires("flask")
    needed = [
        line for line in requirements if "extra ==" not in line and "python_version" not in line
    ]
    names = {re.match(r"[\w.-]+", line)[0].lower() for line in needed}
    assert names == {"werkzeug", "jinja2", "click", "markupsafe", "itsdangerous", "blinker"}


@pytest.mark.point("S2-05")
def test_a_virtual_environment_is_another_python_and_empty(tmp_path):
    venv.create(tmp_path, with_pip=False)
    python = tmp_path / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    look = "import sys; from importlib.util import find_spec; "
    look += "print(sys.prefix, sys.prefix != sys.base_prefix, find_spec('flask'))"
    command = [python, "-E", "-c", look]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split() == [str(tmp_path), "True", "None"]


@pytest.mark.point("S2-07")
def test_executing_the_file_starts_the_local_server(starts):
    ran = runpy.run_path(str(SOURCE), run_name="__main__")
    assert starts == [("127.0.0.1", 5000, ran["app"])]


@pytest.mark.point("S2-07")
def test_importing_the_file_starts_nothing(starts):
    runpy.run_path(str(SOURCE), run_name="hello")
    assert starts == []


@pytest.mark.point("S2-07")
def test_without_the_condition_an_import_would_start_a_server(starts, tmp_path):
    text = SOURCE.read_text("utf-8")
    careless = tmp_path / "careless.py"
    careless.write_text(text.replace('if __name__ == "__main__":', "if True:"), "utf-8")
    runpy.run_path(str(careless), run_name="careless")
    assert len(starts) == 1


@pytest.mark.point("S2-07")
def test_the_flask_command_skips_a_call_of_run(starts, monkeypatch, capsys):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    app.run()
    assert starts == []
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out


@pytest.mark.point("S2-07")
def test_the_flask_command_takes_the_object_named_app(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert ScriptInfo("day01.hello.app").load_app() is app


@pytest.mark.point("S2-07")
def test_in_the_folder_of_the_lesson_the_flask_command_needs_no_name(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(SOURCE.parent)
    assert ScriptInfo().load_app() is app


@pytest.mark.point("D1-02")
def test_a_file_named_flask_py_hides_flask_from_itself(tmp_path):
    (tmp_path / "flask.py").write_text(SOURCE.read_text("utf-8"), "utf-8")
    command = [sys.executable, "flask.py"]
    ended = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "ImportError: cannot import name 'Flask' from partially initialized" in ended.stderr
