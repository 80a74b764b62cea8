"""Deployment: an app that runs in several workers, behind proxies, and the settings of its server.

Begin with test_the_front_page_counts_in_a_variable_and_in_the_session. The servers themselves run
in test_deployment_servers.py, which is part of the second half; here their settings are read.
"""

import contextlib
import logging
import os
import re
import shlex
import socket
import sys
import tomllib
from importlib.metadata import version
from logging.handlers import RotatingFileHandler

import pytest
import requests
import waitress
from flask import Flask, redirect, request
from waitress import runner
from werkzeug.test import Client

from day04.deployment import first, proxy
from day04.deployment.app import create_app
from tests.day04.deployment import (
    APP,
    CONF,
    FOLDER,
    FORGED,
    GUNICORN_LINE,
    TRUSTED,
    WAITRESS_LINE,
    needs_gunicorn,
    settings,
    unit,
)
from tests.helpers import ROOT, serving

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def client():
    return create_app().test_client()


@pytest.fixture
def visitor():
    """Give a function that requests /visitor from an app with these settings."""

    def get(headers=None, base_url="http://shop.example", **config):
        client = create_app(config).test_client()
        return client.get("/visitor", headers=headers, base_url=base_url)

    return get


def test_the_front_page_counts_in_a_variable_and_in_the_session(client):
    assert client.get("/").json == {"worker": os.getpid(), "count": 1, "visits": 1}
    assert client.get("/").json == {"worker": os.getpid(), "count": 2, "visits": 2}


def test_two_visitors_share_the_variable_and_not_the_session():
    app = create_app()
    ann, bob = app.test_client(), app.test_client()
    assert [ann.get("/").json["visits"] for _ in range(2)] == [1, 2]
    assert bob.get("/").json == {"worker": os.getpid(), "count": 3, "visits": 1}
    assert ann.get("/").json == {"worker": os.getpid(), "count": 4, "visits": 3}


def test_without_a_proxy_the_visitor_is_the_one_who_connects(visitor):
    assert visitor().json == {
        "address": "127.0.0.1",
        "scheme": "http",
        "host": "shop.example",
        "link": "http://shop.example/visitor",
    }


def test_behind_a_proxy_the_headers_of_the_proxy_tell_who_the_visitor_is(visitor):
    headers = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
    response = visitor(headers, PROXIES=1)
    assert (response.json["address"], response.json["scheme"]) == ("198.51.100.7", "https")


def test_the_slow_page_says_that_it_has_begun_before_it_waits(monkeypatch):
    naps = []
    monkeypatch.setattr("day04.deployment.app.time.sleep", naps.append)
    response = create_app().test_client().get("/slow/60")
    lines = iter(response.response)
    assert next(lines) == f"Worker {os.getpid()} has begun.\n".encode()
    assert naps == []
    assert list(lines) == [b"It is done.\n"]
    assert naps == [60]
    assert response.mimetype == "text/plain"


# Edges


def test_only_a_minute_can_be_asked_for():
    client = create_app().test_client()
    for bad in "61", "-1", "x", "1.5", "9" * 50, "":
        assert client.get(f"/slow/{bad}").status_code == 404
    assert client.post("/slow/0").status_code == 405
    assert client.head("/slow/60").status_code == 200  # and without a wait


def test_two_applications_share_neither_count_nor_key(monkeypatch):
    assert [create_app().test_client().get("/").json["count"] for _ in range(2)] == [1, 1]
    assert create_app().secret_key != create_app().secret_key
    assert len(create_app().secret_key) == 64
    monkeypatch.setenv("FLASK_SECRET_KEY", "")
    assert len(create_app().secret_key) == 64  # an empty key would let anyone sign


@pytest.mark.parametrize(("key", "visits"), [(None, 1), ("from the administrator", 2)])
def test_only_a_fixed_key_keeps_the_session_from_one_worker_to_the_next(monkeypatch, key, visits):
    if key:
        monkeypatch.setenv("FLASK_SECRET_KEY", key)
    first, second = create_app().test_client(), create_app().test_client()
    first.get("/")
    second.set_cookie("session", first.get_cookie("session").value)
    assert second.get("/").json["visits"] == visits


def test_the_environment_sets_the_key_and_the_number_of_proxies(monkeypatch, visitor):
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    monkeypatch.setenv("FLASK_PROXIES", "1")
    assert create_app().secret_key == "from the administrator"
    assert visitor(FORGED).json == TRUSTED
    assert visitor(FORGED, PROXIES=0).json["address"] == "127.0.0.1"


def test_a_number_of_proxies_that_is_not_a_number_stops_the_start(monkeypatch):
    monkeypatch.setenv("FLASK_PROXIES", "many")
    with pytest.raises(ValueError, match="many"):
        create_app()


# Headers that a client may forge


def test_without_proxies_no_header_is_trusted(visitor):
    plain = visitor().json
    assert visitor(FORGED).json == plain
    assert visitor(FORGED, PROXIES=-1).json == plain


def test_with_a_proxy_that_is_not_there_the_client_decides_everything(visitor):
    assert visitor(FORGED, PROXIES=1).json == TRUSTED


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, None, "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # one invented, one by the proxy
        (1, "198.51.100.7, 10.0.0.1", "10.0.0.1"),  # two proxies: all visitors look alike
        (2, "198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),  # one proxy: forged
        (2, "198.51.100.7", "127.0.0.1"),  # fewer than promised: not trusted
    ],
)
def test_the_number_of_proxies_says_which_address_counts(visitor, proxies, header, address):
    headers = {} if header is None else {"X-Forwarded-For": header}
    assert visitor(headers, PROXIES=proxies).json["address"] == address


def test_a_second_proxy_adds_no_second_scheme_or_host(visitor):
    headers = FORGED | {"X-Forwarded-For": "198.51.100.7, 10.0.0.1"}
    assert visitor(headers, PROXIES=2).json == TRUSTED | {"address": "198.51.100.7"}


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_no_header_breaks_the_application(proxies):
    client = create_app({"PROXIES": proxies}).test_client()
    for name in [*FORGED, "Host"]:
        for bad in "", ",", "a b", "a/b", "<b>", "x:y", "[::1", "\xe9", "x" * 5000:
            assert client.get("/visitor", headers={name: bad}).status_code in {200, 400}


def test_the_host_is_the_clients_to_choose_unless_a_list_says_which(visitor, monkeypatch):
    evil = "http://evil.example"
    assert visitor(base_url=evil).json["link"] == "http://evil.example/visitor"
    monkeypatch.setenv("FLASK_TRUSTED_HOSTS", '["shop.example"]')
    assert visitor(base_url=evil).status_code == 400
    assert visitor(FORGED, PROXIES=1).status_code == 400
    assert visitor().json["link"] == "http://shop.example/visitor"


# A proxy in front of the app; every request to it comes from 127.0.0.1


def behind(proxies, trusted):
    """Send forged headers through proxies to an app; return what its page says."""
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(serving(create_app({"PROXIES": trusted}))).url
        for _ in range(proxies - 1):
            target = stack.enter_context(serving(proxy.create_app({"TARGET": target}))).url
        client = proxy.create_app({"TARGET": target}).test_client()
        return client.get("/visitor", headers=FORGED, base_url="http://shop.example").json


def test_behind_one_proxy_the_right_number_lets_nothing_be_forged():
    plain = {
        "address": "127.0.0.1",
        "scheme": "http",
        "host": "shop.example",
        "link": "http://shop.example/visitor",
    }
    assert behind(proxies=1, trusted=1) == plain
    assert behind(proxies=1, trusted=2) == plain | {"address": "203.0.113.9"}


def test_behind_a_proxy_without_proxyfix_the_links_lead_past_it():
    with serving(create_app()) as server:
        front = proxy.create_app({"TARGET": server.url}).test_client()
        response = front.get("/visitor", base_url="http://shop.example")
    assert response.json["address"] == "127.0.0.1"
    assert response.json["link"] == f"{server.url}/visitor"


def test_behind_two_proxies_two_are_trusted():
    assert behind(proxies=2, trusted=2)["address"] == "127.0.0.1"
    assert behind(proxies=2, trusted=3)["address"] == "203.0.113.9"


def test_the_proxy_passes_errors_on_and_has_one_of_its_own():
    with serving(create_app()) as server:
        front = proxy.create_app({"TARGET": server.url}).test_client()
        assert front.get("/slow/61").status_code == 404
        assert front.get("/slow/0").text.endswith("It is done.\n")
        assert front.get("/slow/0").mimetype == "text/plain"
        assert front.get("/").json["count"] == 1
    response = front.get("/")
    assert response.status_code == 502
    assert "does not respond" in response.text


def test_the_proxy_leaves_a_redirect_to_the_visitor():
    app, seen = Flask("shop"), []
    app.add_url_rule("/old", "old", lambda: seen.append("old") or redirect("/new"))
    app.add_url_rule("/new", "new", lambda: seen.append("new") or "new")
    with serving(app) as server:
        front = proxy.create_app({"TARGET": server.url}).test_client()
        assert front.get("/old").status_code == 302
    assert seen == ["old"]


def test_the_proxy_adds_the_address_of_its_client_to_the_list():
    app = Flask("shop")
    app.add_url_rule("/", view_func=lambda: request.headers["X-Forwarded-For"])
    with serving(app) as server:
        client = proxy.create_app({"TARGET": server.url}).test_client()
        assert client.get("/").text == "127.0.0.1"
        forged = {"X-Forwarded-For": "203.0.113.9"}
        assert client.get("/", headers=forged).text == "203.0.113.9, 127.0.0.1"


def test_the_proxy_has_no_files_of_its_own():
    app = Flask("shop", static_folder=None)
    app.add_url_rule("/static/<name>", "file", lambda name: name)
    with serving(app) as server:
        front = proxy.create_app({"TARGET": server.url}).test_client()
        assert front.get("/static/style.css").text == "style.css"


def test_the_proxy_uses_no_proxy_of_the_machine(monkeypatch, closed_port):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port}")
    for name in "no_proxy", "NO_PROXY":
        monkeypatch.delenv(name, raising=False)
    with serving(create_app()) as server:
        front = proxy.create_app({"TARGET": server.url}).test_client()
        assert front.get("/").status_code == 200


def test_the_proxy_gives_up_but_not_before_the_slowest_page(monkeypatch):
    def get(session, url, timeout=None, **options):
        timeouts.append(timeout)
        raise requests.Timeout

    timeouts = []
    monkeypatch.setattr(requests.Session, "get", get)
    assert proxy.create_app().test_client().get("/slow/60").status_code == 502
    assert 60 < timeouts[0] < 120


def test_the_proxy_sends_requests_to_the_usual_port_of_gunicorn(monkeypatch):
    assert proxy.create_app().config["TARGET"] == f"http://{settings()['bind']}"
    monkeypatch.setenv("FLASK_TARGET", "http://127.0.0.1:8080")
    assert proxy.create_app().config["TARGET"] == "http://127.0.0.1:8080"


# The settings of gunicorn, read as gunicorn reads them


@pytest.fixture
def gunicorn(monkeypatch):
    """Give a function that starts gunicorn, but only until it has read the settings."""
    wsgiapp = pytest.importorskip("gunicorn.app.wsgiapp", reason="gunicorn needs a POSIX system")
    monkeypatch.chdir(ROOT)

    def start(*arguments):
        monkeypatch.setattr(sys, "argv", ["gunicorn", *map(str, arguments)])
        return wsgiapp.WSGIApplication()

    return start


def ends(function, *arguments):
    """Call a function that ends the process; return the exit code."""
    with pytest.raises(SystemExit) as caught:
        function(*arguments)
    return caught.value.code


def test_gunicorn_is_installed_with_pip_and_its_version_is_pinned():
    assert "`python -m pip install gunicorn`" in (FOLDER / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [requirement] = [
        each for each in project["project"]["dependencies"] if each.startswith("gunicorn")
    ]
    assert re.match(r"gunicorn [~>]= \d+", requirement)
    pinned = project["tool"]["uv"]["constraint-dependencies"]
    assert any(re.match(r"gunicorn == \d+\.\d+\.\d+", each) for each in pinned)


@needs_gunicorn
def test_gunicorn_is_installed():
    assert int(version("gunicorn").partition(".")[0]) >= 23


def test_the_notes_begin_with_the_whole_command_and_the_small_program(gunicorn):
    client = first.app.test_client()
    assert client.get("/").json == {"worker": os.getpid()}
    notes = (FOLDER / "README.md").read_text("utf-8")
    command = re.search(r"^gunicorn .+$", notes, re.MULTILINE)[0]
    assert command == "gunicorn -w 2 -b 127.0.0.1:8000 day04.deployment.first:app"
    server = gunicorn(*command.split()[1:])
    assert (server.cfg.workers, server.cfg.address) == (2, [("127.0.0.1", 8000)])
    assert server.load() is first.app


def test_the_settings_are_for_this_machine_alone():
    conf = settings()
    assert conf["bind"] == "127.0.0.1:8000"
    assert conf["workers"] == 2
    assert conf["accesslog"] == "-"
    assert conf["graceful_timeout"] == 30
    assert conf["forwarded_allow_ips"] == ""
    assert conf["control_socket_disable"] is True
    for line in GUNICORN_LINE, WAITRESS_LINE:
        assert line in (FOLDER / "README.md").read_text("utf-8")
        assert line in (FOLDER / "wsgi.py").read_text("utf-8")


def test_gunicorn_takes_each_of_the_settings_and_an_option_wins_over_them(gunicorn):
    cfg = gunicorn("-c", CONF, APP).cfg
    for name, value in settings().items():
        if not name.startswith("__") and name != "bind":
            assert getattr(cfg, name) == ([] if name == "forwarded_allow_ips" else value)
    assert cfg.address == [("127.0.0.1", 8000)]
    cfg = gunicorn("-c", CONF, "-w", "4", "-b", "127.0.0.1:8001", APP).cfg
    assert (cfg.workers, cfg.address) == (4, [("127.0.0.1", 8001)])


def test_the_defaults_are_one_worker_and_no_access_log(gunicorn):
    cfg = gunicorn(APP).cfg
    assert (cfg.workers, cfg.accesslog, cfg.daemon, cfg.pidfile) == (1, None, False, None)
    assert cfg.worker_class_str == "sync"
    assert cfg.timeout == 30


def test_gunicorn_alone_trusts_a_scheme_that_comes_from_this_machine(gunicorn):
    from gunicorn.http.parser import RequestParser

    request = b"GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Proto: https\r\n\r\n"

    def scheme(*arguments):
        cfg = gunicorn(*arguments, APP).cfg
        return next(RequestParser(cfg, iter([request]), ("127.0.0.1", 50_000))).scheme

    assert scheme() == "https"
    assert scheme("-c", CONF) == "http"


def test_a_check_of_the_configuration_loads_the_application_and_tries_no_port(gunicorn, capsys):
    def check(app, address):
        return ends(gunicorn("-c", CONF, "--check-config", "-b", address, app).run)

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        assert check(APP, taken) == 0
        assert check("day04.deployment.app:create_app()", taken) == 0
    assert check("day04.deployment.wsgi:nope", "127.0.0.1:0") == 1
    assert "Failed to find attribute 'nope'" in capsys.readouterr().err


def test_the_option_for_the_log_swallows_what_follows(gunicorn, capsys):
    assert ends(gunicorn, "-c", CONF, "--access-logfile", APP) == 1
    assert "No application module specified." in capsys.readouterr().err


def test_a_log_in_a_folder_that_does_not_exist_stops_the_start(gunicorn, tmp_path):
    path = tmp_path / "missing" / "access.log"
    cfg = gunicorn("-c", CONF, "--access-logfile", path, APP).cfg
    with pytest.raises(RuntimeError, match=r"access\.log' isn't writable"):
        cfg.logger_class(cfg)


@needs_gunicorn
def test_a_pid_file_that_is_left_over_counts_as_long_as_its_process_lives(tmp_path):
    from gunicorn.pidfile import Pidfile

    path = tmp_path / "gunicorn.pid"
    path.write_text(f"{os.getppid()}\n")
    with pytest.raises(RuntimeError, match=f"Already running on PID {os.getppid()}"):
        Pidfile(str(path)).create(os.getpid())
    path.write_text(f"{2**22 + 1}\n")  # more than any process has on Linux
    Pidfile(str(path)).create(os.getpid())
    assert int(path.read_text()) == os.getpid()


# The supervisor


def test_gunicorn_takes_the_commands_of_the_unit(gunicorn, tmp_path):
    words = shlex.split(unit()["ExecStart"])[1:]
    cfg = gunicorn(*words).cfg
    assert (cfg.address, cfg.daemon) == ([("127.0.0.1", 8000)], False)
    check, _ = unit()["ExecReload"].split(" ; ")
    assert ends(gunicorn(*shlex.split(check)[1:]).run) == 0


def test_the_unit_starts_reloads_and_stops_gunicorn_as_the_notes_say():
    service = unit()
    assert service["Type"] == "notify"
    gunicorn = "/srv/flask-course/.venv/bin/"
    assert service["ExecStart"] == gunicorn + GUNICORN_LINE
    check, reload = service["ExecReload"].split(" ; ")
    assert check == gunicorn + GUNICORN_LINE.replace("gunicorn", "gunicorn --check-config", 1)
    assert reload == "/bin/kill -HUP $MAINPID"
    assert "-D" not in service["ExecStart"]
    assert service["WorkingDirectory"] == "/srv/flask-course"
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > settings()["graceful_timeout"]
    assert service["Restart"] == "on-failure"
    assert service["User"] != "root"
    assert "FLASK_SECRET_KEY" not in service["ExecStart"] + service.get("Environment", "")
    assert service["EnvironmentFile"].startswith("/etc/")


def test_the_unit_starts_with_the_machine_and_may_do_little():
    assert unit("Install")["WantedBy"] == "multi-user.target"
    assert unit()["ProtectSystem"] == "strict"
    for name in "NoNewPrivileges", "PrivateTmp", "ProtectHome":
        assert unit()[name] == "true"


# Where gunicorn does not run


@pytest.fixture
def on_waitress(monkeypatch):
    """Give a function that starts waitress, except for its loop; it returns the server."""
    with contextlib.ExitStack() as stack:

        def start(*options, **environ):
            def serve(app, **settings):
                port = {"listen": "127.0.0.1:0"}
                servers.append(waitress.create_server(app, **settings | port))

            for name, value in environ.items():
                monkeypatch.setenv(name, value)
            monkeypatch.delitem(sys.modules, APP.partition(":")[0], raising=False)
            command, *words = WAITRESS_LINE.split()
            servers = []
            runner.run([command, *options, *words], _serve=serve)
            stack.callback(servers[0].close)
            stack.callback(servers[0].task_dispatcher.shutdown)
            return servers[0]

        yield start


def get(server, path, headers=None):
    """Send a request from this machine to the app as waitress has wrapped it."""
    here = {"REMOTE_ADDR": "127.0.0.1"}
    return Client(server.application).get(path, headers=headers, environ_base=here).json


def test_waitress_serves_with_threads_of_one_process_and_ignores_headers(on_waitress):
    server = on_waitress(FLASK_PROXIES="1")
    assert server.adj.threads == 4
    assert get(server, "/") == {"worker": os.getpid(), "count": 1, "visits": 1}
    assert get(server, "/visitor", FORGED)["address"] == "127.0.0.1"


def test_waitress_leaves_the_headers_of_a_proxy_to_proxyfix_when_told_so(on_waitress):
    server = on_waitress("--no-clear-untrusted-proxy-headers", FLASK_PROXIES="1")
    assert get(server, "/visitor", FORGED) == TRUSTED


# Logs


def test_two_processes_that_rotate_one_file_delete_each_others_lines(tmp_path):
    def lines_kept(*names):
        """Write 80 lines in turn; two files of 40 lines have room for them."""
        handlers = [RotatingFileHandler(tmp_path / name, "a", 401, 1) for name in names]
        for number in range(80):
            record = logging.LogRecord("x", logging.INFO, "", 0, f"{number:09}", (), None)
            handlers[number % len(handlers)].emit(record)
        for handler in handlers:
            handler.close()
        return sum(len(path.read_text().split()) for path in tmp_path.glob(f"{names[0]}*"))

    assert lines_kept("one.log") == 80
    assert lines_kept("two.log", "two.log") < 80
