"""The smallest app: two routes, two views, and the ways to start it.

Begin with test_front_page_is_a_line_of_text: a test client sends a request, and the test looks at
the response.
"""

import importlib.metadata
import os
import re
import runpy
import subprocess
import sys
import threading
import venv
import zipfile
from pathlib import Path
from wsgiref import simple_server

import pytest
from flask import Response
from flask.cli import ScriptInfo
from werkzeug.test import create_environ

from day01.hello import app as lesson
from day01.hello.app import app, index
from tests.helpers import raw_response, serving

SOURCE = Path(lesson.__file__)


@pytest.fixture
def client():
    return app.test_client()


def test_front_page_is_a_line_of_text(client):
    response = client.get("/")
    assert response.status == "200 OK"
    assert response.content_type == "text/html; charset=utf-8"
    assert response.text == "Hello, World!"


def test_a_view_may_make_the_response_itself_and_add_a_header(client):
    response = client.get("/bonjour")
    assert response.text == "Bonjour, tout le monde!"
    assert response.headers["Content-Language"] == "fr"
    assert response.content_type == "text/html; charset=utf-8"
    assert "Content-Language" not in client.get("/").headers


def test_a_view_returns_a_text_and_flask_makes_the_response():
    assert index() == "Hello, World!"
    response = app.make_response(index())
    assert isinstance(response, Response)
    assert (response.status_code, response.mimetype) == (200, "text/html")


def test_a_route_leads_from_a_path_to_a_view():
    urls = app.url_map.bind("localhost")
    assert urls.match("/") == ("index", {})
    assert urls.match("/bonjour") == ("bonjour", {})
    assert app.view_functions["index"] is index


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/hello", "404 NOT FOUND"),
        ("GET", "/bonjour/", "404 NOT FOUND"),
        ("POST", "/", "405 METHOD NOT ALLOWED"),
        ("HEAD", "/", "200 OK"),
    ],
)
def test_other_requests_get_a_response_too(client, method, path, status):
    assert client.open(path, method=method).status == status


# The app and the server


def test_the_application_is_named_after_its_module():
    assert app.import_name == lesson.__name__ == "day01.hello.app"


def test_executing_the_file_starts_the_local_server(started):
    ran = runpy.run_path(str(SOURCE), run_name="__main__")
    (server,) = started
    assert (server["host"], server["port"], server["app"]) == ("127.0.0.1", 5000, ran["app"])
    assert (server["use_debugger"], server["use_reloader"]) == (False, False)


def test_importing_the_file_starts_nothing(started):
    runpy.run_path(str(SOURCE), run_name="hello")
    assert started == []


def test_without_the_condition_an_import_would_start_a_server(started, tmp_path):
    text = SOURCE.read_text("utf-8")
    careless = tmp_path / "careless.py"
    careless.write_text(text.replace('if __name__ == "__main__":', "if True:"), "utf-8")
    runpy.run_path(str(careless), run_name="careless")
    assert len(started) == 1


def test_the_flask_command_skips_a_call_of_run(started, monkeypatch, capsys):
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")
    app.run()
    assert started == []
    assert "Ignoring a call to 'app.run()'" in capsys.readouterr().out


def test_the_flask_command_takes_the_object_named_app(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    assert ScriptInfo("day01.hello.app").load_app() is app


def test_in_the_folder_of_the_lesson_the_flask_command_needs_no_name(monkeypatch):
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.chdir(SOURCE.parent)
    assert ScriptInfo().load_app() is app


def test_a_file_named_flask_py_hides_flask_from_itself(tmp_path):
    (tmp_path / "flask.py").write_text(SOURCE.read_text("utf-8"), "utf-8")
    command = [sys.executable, "flask.py"]
    ended = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "ImportError: cannot import name 'Flask' from partially initialized" in ended.stderr


# What goes over the network


def test_request_and_response_are_lines_of_text():
    with serving(app) as server:
        request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n\r\n"
        response = raw_response(server.server_port, request)
    head, _, body = response.partition(b"\r\n\r\n")
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


def test_a_server_that_does_not_import_flask_serves_the_app():
    server = simple_server.make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    response = raw_response(server.server_port, b"GET /bonjour HTTP/1.0\r\n\r\n")
    thread.join()
    server.server_close()
    assert response.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"\r\nContent-Language: fr\r\n" in response
    assert response.endswith(b"\r\n\r\nBonjour, tout le monde!")


def test_the_app_is_called_as_wsgi_says_and_not_as_asgi_says():
    started = []
    body = app(create_environ("/bonjour"), lambda *arguments: started.append(arguments))
    assert b"".join(body) == b"Bonjour, tout le monde!"
    ((status, headers),) = started
    assert status == "200 OK"
    assert ("Content-Language", "fr") in headers
    with pytest.raises(TypeError):  # ASGI passes a scope and two functions
        app({"type": "http"}, None, None)


# Installing


def wheel(name, folder):
    """Make a wheel of an installed package and return the names of the packages that it needs."""
    package = importlib.metadata.distribution(name)
    title = f"{package.name.replace('-', '_')}-{package.version}"
    left_out = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    with zipfile.ZipFile(folder / f"{title}-py3-none-any.whl", "w") as archive:
        record = ""
        for file in package.files:
            if ".." not in file.parts and file.suffix != ".pyc" and file.name not in left_out:
                archive.write(file.locate(), file.as_posix())
                record += f"{file.as_posix()},,\n"
            if file.name == "RECORD":
                place = file.as_posix()
        archive.writestr(place, f"{record}{place},,\n")
    needed = (line for line in package.requires or () if ";" not in line)
    return [re.match(r"[\w.-]+", line)[0] for line in needed]


@pytest.mark.second_half
def test_the_command_of_the_notes_installs_all_that_the_lesson_needs(tmp_path):
    """pip runs as the notes say; it finds the packages in a folder, since a test has no network."""
    command = "python -m pip install flask"
    assert f"| `{command}` |" in SOURCE.with_name("README.md").read_text("utf-8")
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    waiting, made = ["flask"], set()
    while waiting:
        name = waiting.pop()
        if name.lower() not in made:
            made.add(name.lower())
            waiting += wheel(name, wheels)
    venv.create(tmp_path / ".venv", with_pip=True)
    scripts = tmp_path / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}

    def run(program, *words):
        ended = subprocess.run(
            [scripts / program, *words],
            check=False,
            cwd=SOURCE.parent,
            env=environ,
            capture_output=True,
            text=True,
        )
        return ended.returncode, ended.stdout, ended.stderr

    assert "ModuleNotFoundError" in run("python", "-c", "import flask")[2]
    program, *words = command.split()
    code, printed, problem = run(program, *words)
    assert code == 0, problem
    assert "Successfully installed" in printed
    code, printed, problem = run("flask", "routes")
    assert code == 0, problem
    assert "/bonjour" in printed
