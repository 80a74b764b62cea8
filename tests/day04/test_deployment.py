import configparser
import contextlib
import logging
import os
import re
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from werkzeug.serving import make_server

import day04.deployment
from day04.deployment import proxy
from day04.deployment.app import create_app

FOLDER = Path(day04.deployment.__file__).parent
ROOT = FOLDER.parent.parent
CONF = FOLDER / "gunicorn.conf.py"
UNIT = FOLDER / "flask-course.service"


def read_unit():
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # systemd's names are as they are written
    parser.read_string(UNIT.read_text("utf-8"))
    return parser


UNIT_SERVICE = read_unit()["Service"]
NOTES = (FOLDER / "README.md").read_text("utf-8")
APP = "day04.deployment.wsgi:app"
GUNICORN_LINE = f"gunicorn -c day04/deployment/gunicorn.conf.py {APP}"
WAITRESS_LINE = f"waitress-serve --listen=127.0.0.1:8000 {APP}"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
}
FORGED_ANSWER = {
    "address": "203.0.113.9",
    "scheme": "https",
    "host": "evil.example",
    "link": "https://evil.example/visitor",
}

needs_gunicorn = pytest.mark.skipif(os.name != "posix", reason="gunicorn needs a POSIX system")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path):
    """Keep out what the machine tells Flask and gunicorn, and keep gunicorn out of the home."""
    for name in list(os.environ):
        if name.startswith(("FLASK_", "GUNICORN_")) or name in {
            "WEB_CONCURRENCY",
            "FORWARDED_ALLOW_IPS",
            "NOTIFY_SOCKET",
            "XDG_RUNTIME_DIR",
            "PORT",
        }:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")


# The application, without any server


@pytest.fixture
def ask():
    """Ask an application with these settings for what it knows about the visitor."""

    def visitor(headers=None, base_url="http://shop.example", **config):
        client = create_app(config).test_client()
        return client.get("/visitor", headers=headers, base_url=base_url)

    return visitor


def test_the_first_page_counts_answers_and_the_visits_of_each():
    app = create_app()
    ann, bob = app.test_client(), app.test_client()
    assert [ann.get("/").json["visits"] for _ in range(2)] == [1, 2]
    assert bob.get("/").json == {"worker": os.getpid(), "answers": 3, "visits": 1}
    assert ann.get("/").json == {"worker": os.getpid(), "answers": 4, "visits": 3}


def test_two_applications_share_neither_count_nor_key():
    assert [create_app().test_client().get("/").json["answers"] for _ in range(2)] == [1, 1]
    assert create_app().secret_key != create_app().secret_key
    assert len(create_app().secret_key) == 64


def test_the_environment_sets_the_key_and_the_number_of_proxies(monkeypatch, ask):
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the administrator")
    monkeypatch.setenv("FLASK_PROXIES", "1")
    assert create_app().secret_key == "from the administrator"
    assert ask(FORGED).json == FORGED_ANSWER
    assert ask(FORGED, PROXIES=0).json["address"] == "127.0.0.1"


def test_a_number_of_proxies_that_is_none_stops_the_start(monkeypatch):
    monkeypatch.setenv("FLASK_PROXIES", "many")
    with pytest.raises(ValueError, match="many"):
        create_app()


def test_without_proxies_no_header_is_believed(ask):
    plain = {
        "address": "127.0.0.1",
        "scheme": "http",
        "host": "shop.example",
        "link": "http://shop.example/visitor",
    }
    assert ask().json == plain
    assert ask(FORGED).json == plain
    assert ask(FORGED, PROXIES=-1).json == plain


def test_with_a_proxy_that_is_not_there_the_client_decides_everything(ask):
    assert ask(FORGED, PROXIES=1).json == FORGED_ANSWER


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, None, "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),  # one made up, one by the proxy
        (1, "198.51.100.7, 10.0.0.1", "10.0.0.1"),  # two proxies: all visitors look alike
        (2, "198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),  # one proxy: forged
        (2, "198.51.100.7", "127.0.0.1"),  # fewer than promised: not believed
    ],
)
def test_the_number_of_proxies_says_which_address_counts(ask, proxies, header, address):
    headers = {} if header is None else {"X-Forwarded-For": header}
    assert ask(headers, PROXIES=proxies).json["address"] == address


def test_a_second_proxy_adds_no_second_scheme_or_host(ask):
    headers = FORGED | {"X-Forwarded-For": "198.51.100.7, 10.0.0.1"}
    assert ask(headers, PROXIES=2).json == FORGED_ANSWER | {"address": "198.51.100.7"}


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_no_header_breaks_the_application(ask, proxies):
    for name in [*FORGED, "Host"]:
        for bad in "", ",", "a b", "a/b", "<b>", "x:y", "[::1", "\xe9", "x" * 5000:
            assert ask({name: bad}, PROXIES=proxies).status_code in {200, 400}


def test_the_host_is_the_clients_to_choose_unless_a_list_says_which(ask, monkeypatch):
    evil = "http://evil.example"
    assert ask(base_url=evil).json["link"] == "http://evil.example/visitor"
    monkeypatch.setenv("FLASK_TRUSTED_HOSTS", '["shop.example"]')
    assert ask(base_url=evil).status_code == 400
    assert ask(FORGED, PROXIES=1).status_code == 400
    assert ask().json["link"] == "http://shop.example/visitor"


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


def test_only_a_minute_can_be_asked_for():
    client = create_app().test_client()
    for bad in "61", "-1", "x", "1.5", "9" * 50, "":
        assert client.get(f"/slow/{bad}").status_code == 404
    assert client.post("/slow/0").status_code == 405
    assert client.head("/slow/60").status_code == 200  # and without a wait


# A proxy in front of it, by real connections


@contextlib.contextmanager
def serving(app):
    """Serve an application in a thread of this process; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def behind(proxies, trusted):
    """Ask through so many proxies an application that trusts so many; forge all that one can."""
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(serving(create_app({"PROXIES": trusted})))
        for _ in range(proxies):
            # All on one machine: whoever asks has the address 127.0.0.1.
            target = stack.enter_context(serving(proxy.create_app({"TARGET": target})))
        connection = HTTPConnection(target.removeprefix("http://"), timeout=10)
        connection.request("GET", "/visitor", headers=FORGED | {"Host": "shop.example"})
        answer = connection.getresponse().read().decode()
        connection.close()
    return create_app().json.loads(answer), target


@pytest.fixture
def _no_lines(caplog):
    caplog.set_level(logging.CRITICAL, "werkzeug")


@pytest.mark.usefixtures("_no_lines")
def test_behind_one_proxy_the_right_number_lets_nothing_be_forged():
    answer, _ = behind(proxies=1, trusted=1)
    assert answer == {
        "address": "127.0.0.1",
        "scheme": "http",
        "host": "shop.example",
        "link": "http://shop.example/visitor",
    }
    assert behind(proxies=1, trusted=2)[0] == answer | {"address": "203.0.113.9"}


@pytest.mark.usefixtures("_no_lines")
def test_behind_a_proxy_without_proxyfix_the_links_lead_past_it():
    answer, front = behind(proxies=1, trusted=0)
    assert answer["address"] == "127.0.0.1"
    assert "shop.example" not in answer["link"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/visitor", answer["link"])
    assert not answer["link"].startswith(front)


@pytest.mark.usefixtures("_no_lines")
def test_behind_two_proxies_two_are_trusted():
    answer, _ = behind(proxies=2, trusted=2)
    assert answer["address"] == "127.0.0.1"
    assert behind(proxies=2, trusted=3)[0]["address"] == "203.0.113.9"


@pytest.mark.usefixtures("_no_lines")
def test_the_proxy_passes_errors_on_and_has_one_of_its_own():
    with serving(create_app()) as target:
        front = proxy.create_app({"TARGET": target}).test_client()
        assert front.get("/slow/61").status_code == 404
        assert front.get("/slow/0").text.endswith("It is done.\n")
        assert front.get("/").json["answers"] == 1
    answer = front.get("/")
    assert answer.status_code == 502
    assert "does not answer" in answer.text


def test_the_proxy_asks_gunicorns_usual_address(monkeypatch):
    assert proxy.create_app().config["TARGET"] == f"http://{settings()['bind']}"
    monkeypatch.setenv("FLASK_TARGET", "http://127.0.0.1:8080")
    assert proxy.create_app().config["TARGET"] == "http://127.0.0.1:8080"


# Real servers


def settings():
    return runpy.run_path(str(CONF))


def wait_until(true, what, seconds=10):
    """Return what ``true()`` returns, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (result := true()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.01)
    return result


def answer_of(server):
    """Return what the server says, or None where it hangs up."""
    try:
        return server.request().read()
    except OSError:
        return None


def alive(group):
    """Return the processes of a group that are still at work."""
    if Path("/proc/self/stat").exists():
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _, of, *_ = path.read_text().rpartition(")")[2].split()
                # A dead orphan stays as a zombie until the first process of the machine looks.
                if int(of) == group and state not in "ZX":
                    found.append(int(path.parent.name))
        return found
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return []
    return [group]


class Server:
    """A server in a process group of its own, and what it has printed so far."""

    def __init__(self, command, log, cwd, **environ):
        self.log = log
        self.connections = []
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=cwd,
                env=os.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self.process.pid

    @property
    def printed(self):
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, pattern):
        """Return the first match in what is printed."""

        def found():
            match = re.search(pattern, self.printed)
            assert match or self.process.poll() is None, f"the server ended:\n{self.printed}"
            return match

        return wait_until(found, f"{pattern!r} in the log")

    @property
    def port(self):
        """The port that the system chose; a worker may still be starting, but one can knock."""
        return int(self.wait_for(r"(?:Listening at|Serving on):? http://[\d.]+:(\d+)")[1])

    def ask(self, path="/", headers=None):
        """Send a request, and do not wait for the answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers=headers or {})
        self.connections.append(connection)
        return connection

    def request(self, path="/", headers=None):
        return self.ask(path, headers).getresponse()

    def get(self, path="/", headers=None):
        return create_app().json.loads(self.request(path, headers).read())

    def begin(self, seconds):
        """Ask for the slow page; return the answer, of which the rest is to come, and who works."""
        response = self.request(f"/slow/{seconds}")
        return response, int(re.search(rb"\d+", response.readline())[0])

    def is_gone(self):
        """Knock at the door; say whether nobody opens and nobody is left inside."""
        with contextlib.suppress(ConnectionError, HTTPException):
            self.request().read()
            return False
        return not alive(self.pid)

    def send(self, name):
        os.kill(self.pid, getattr(signal, f"SIG{name}"))

    def wait(self):
        return self.process.wait(10)


@pytest.fixture
def start(tmp_path):
    """Start servers on free ports, end them, and see that nothing of them is left."""
    servers = []

    def run(
        *words,
        command=("-m", "gunicorn", "-c", str(CONF), "-b", "127.0.0.1:0"),
        cwd=ROOT,
        **environ,
    ):
        log = tmp_path / f"log {len(servers)}"
        server = Server([sys.executable, *command, *words], log, cwd, **environ)
        servers.append(server)
        return server

    yield run
    for server in servers:
        for connection in server.connections:
            connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL) if os.name == "posix" else server.process.kill()
        server.wait()
    if os.name == "posix":
        wait_until(lambda: not any(alive(server.pid) for server in servers), "the end of all")


def run(*words, cwd=ROOT, **environ):
    """Run Python with these words to its end."""
    return subprocess.run(
        [sys.executable, *words],
        check=False,
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=30,
    )


def gunicorn(*words, **environ):
    """Run gunicorn with the lesson's settings where it ends by itself."""
    return run("-m", "gunicorn", "-c", str(CONF), "-b", "127.0.0.1:0", *words, **environ)


@needs_gunicorn
@pytest.mark.point("D4-34")
def test_gunicorn_is_installed():
    assert int(version("gunicorn").partition(".")[0]) >= 23


@needs_gunicorn
def test_gunicorn_does_not_start_without_what_only_posix_has():
    code = "import sys; sys.modules['fcntl'] = None; import gunicorn.app.wsgiapp"
    result = run("-c", code)
    assert result.returncode == 1
    assert "ModuleNotFoundError: import of fcntl" in result.stderr


def test_the_settings_are_for_this_machine_alone():
    conf = settings()
    assert conf["bind"] == "127.0.0.1:8000"
    assert conf["workers"] == 2
    assert conf["accesslog"] == "-"
    assert conf["control_socket_disable"] is True
    for line in GUNICORN_LINE, WAITRESS_LINE:
        assert line in NOTES
        assert line in (FOLDER / "wsgi.py").read_text("utf-8")


@needs_gunicorn
@pytest.mark.point("D4-35")
def test_a_check_of_the_configuration_loads_the_application_and_tries_no_port():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        factory = "day04.deployment.app:create_app()"
        assert gunicorn("--check-config", "-b", taken, factory).returncode == 0
    result = gunicorn("--check-config", "day04.deployment.wsgi:nope")
    assert result.returncode == 1
    assert "Failed to find attribute 'nope'" in result.stderr


@needs_gunicorn
@pytest.mark.point("D4-35")
def test_each_worker_has_its_own_variables_and_does_one_thing_at_a_time(start):
    server = start("-w", "2", APP)
    began = time.monotonic()
    slow, first = server.begin(1)
    other = server.get()
    _, second = server.begin(20)
    assert other == {"worker": second, "answers": 1, "visits": 1}
    assert len({server.pid, first, second}) == 3
    # Both are taken. Whoever comes now waits for the one who is free first, and who counts anew.
    waiting = server.ask()
    assert slow.read() == b"It is done.\n"
    answer = create_app().json.loads(waiting.getresponse().read())
    assert answer == {"worker": first, "answers": 1, "visits": 1}
    assert time.monotonic() - began >= 1


@needs_gunicorn
@pytest.mark.point("D4-35", "D4-38")
def test_the_defaults_without_the_file(start, tmp_path):
    server = start(APP, command=["-m", "gunicorn", "-b", "127.0.0.1:0"])
    assert server.get("/visitor", FORGED)["scheme"] == "https"  # believed, with PROXIES at 0
    assert len(alive(server.pid)) == 2  # the master and a single worker
    assert "GET /" not in server.printed
    if int(version("gunicorn").partition(".")[0]) >= 27:
        wait_until((tmp_path / ".gunicorn" / "gunicorn.ctl").exists, "a control socket")


@needs_gunicorn
@pytest.mark.point("D4-38")
def test_the_units_commands_start_a_server_that_logs_and_believes_no_header(start, tmp_path):
    check, _ = UNIT_SERVICE["ExecReload"].split(" ; ")
    assert run("-m", "gunicorn", *shlex.split(check)[1:]).returncode == 0
    *words, app = shlex.split(UNIT_SERVICE["ExecStart"])[1:]
    assert "-D" not in words  # it would get away from this test
    server = start(*words, "-b", "127.0.0.1:0", app, command=["-m", "gunicorn"])
    answer = server.get("/visitor", FORGED)
    assert (answer["address"], answer["scheme"]) == ("127.0.0.1", "http")
    server.wait_for(r'(?m)^127\.0\.0\.1 .*"GET /visitor HTTP/1\.1" 200 ')
    assert not (tmp_path / ".gunicorn").exists()


@needs_gunicorn
def test_proxyfix_changes_the_address_in_the_log_as_well(start):
    server = start("-w", "1", APP, FLASK_PROXIES="1")
    assert server.get("/visitor", FORGED) == FORGED_ANSWER
    server.wait_for(r'(?m)^203\.0\.113\.9 .*"GET /visitor HTTP/1\.1" 200 ')


@needs_gunicorn
@pytest.mark.point("D4-38")
def test_the_option_for_the_log_swallows_what_follows():
    result = gunicorn("--access-logfile", APP)
    assert result.returncode == 1
    assert "No application module specified." in result.stderr


@needs_gunicorn
@pytest.mark.point("D4-38")
def test_a_log_in_a_folder_that_is_not_there_stops_the_start(tmp_path):
    path = tmp_path / "missing" / "access.log"
    result = gunicorn("--access-logfile", str(path), APP)
    assert result.returncode == 1
    assert f"'{path}' isn't writable" in result.stderr


@needs_gunicorn
@pytest.mark.point("D4-35", "D4-37")
def test_hup_and_term_let_the_running_requests_finish(start, tmp_path):
    pid_file = tmp_path / "gunicorn.pid"
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(10)
        # As a unit of Type=notify does.
        notify = str(tmp_path / "notify")
        server = start("-p", str(pid_file), "-w", "1", APP, NOTIFY_SOCKET=notify)
        assert b"READY=1" in supervisor.recv(1000)
    assert int(pid_file.read_text()) == server.pid
    assert server.get()["answers"] == 1
    slow, old = server.begin(1)
    server.send("HUP")
    # The only old worker is busy, so it is a new one that answers.
    answer = server.get()
    assert answer["worker"] not in {old, server.pid}
    assert answer["answers"] == 1
    slow_too, new = server.begin(1)
    assert new == answer["worker"]
    server.send("TERM")
    assert slow.read() == b"It is done.\n"
    wait_until(lambda: old not in alive(server.pid), "the end of the old worker")
    assert slow_too.read() == b"It is done.\n"
    assert server.wait() == 0
    assert not pid_file.exists()
    assert server.is_gone()


@needs_gunicorn
@pytest.mark.parametrize(("name", "timeout"), [("TERM", "0"), ("INT", "30")])
def test_a_stop_that_is_out_of_patience_cuts_the_request(start, name, timeout):
    server = start("-w", "1", "--graceful-timeout", timeout, APP)
    slow, _ = server.begin(20)
    server.send(name)
    with pytest.raises(HTTPException):
        slow.read()
    assert server.wait() == 0


@needs_gunicorn
@pytest.mark.point("D4-37")
def test_kill_leaves_workers_that_go_on_and_a_pid_file_that_lies(start, tmp_path):
    pid_file = tmp_path / "gunicorn.pid"
    server = start("-p", str(pid_file), APP)
    slow, worker = server.begin(1)
    server.send("KILL")
    assert server.wait() == -signal.SIGKILL
    assert worker in alive(server.pid)
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", server.port))
    other = server.ask()
    assert slow.read() == b"It is done.\n"
    assert other.getresponse().status == 200  # nobody is in charge, and still there is an answer
    assert int(pid_file.read_text()) == server.pid
    # Idle ones look around only from time to time; a knock at the door wakes them.
    wait_until(server.is_gone, "the end of the orphans")
    # A new one takes the file over, unless the number by now belongs to somebody else.
    again = start("-w", "1", "-p", str(pid_file), APP)
    again.get()
    assert int(pid_file.read_text()) == again.pid
    pid_file.write_text(f"{os.getpid()}\n")
    result = gunicorn("-p", str(pid_file), APP)
    assert result.returncode == 1
    assert f"Already running on PID {os.getpid()}" in result.stderr


@needs_gunicorn
@pytest.mark.parametrize("key", [None, "from the administrator"])
def test_a_worker_that_is_killed_is_replaced_and_only_a_fixed_key_keeps_the_session(start, key):
    server = start("-w", "1", APP, **({"FLASK_SECRET_KEY": key} if key else {}))
    response = server.request()
    cookie = response.getheader("Set-Cookie").partition(";")[0]
    first = create_app().json.loads(response.read())
    slow, worker = server.begin(20)
    assert worker == first["worker"]
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(HTTPException):
        slow.read()
    second = server.get(headers={"Cookie": cookie})
    assert second["worker"] not in {worker, server.pid}
    assert second["answers"] == 1
    assert second["visits"] == (2 if key else 1)
    assert server.process.poll() is None
    server.wait_for(rf"Worker \(pid:{worker}\) was sent SIGKILL!")


SITE = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"{}"]
"""


@needs_gunicorn
def test_hup_reads_code_and_settings_anew_and_ends_everything_when_they_are_broken(start, tmp_path):
    site, conf = tmp_path / "site_of_test.py", tmp_path / "gunicorn.conf.py"
    site.write_text(SITE.format("old"))
    conf.write_text(CONF.read_text("utf-8") + "\nworkers = 1\n")
    # Without -c: the file is found by its name, where gunicorn starts.
    words = ["-m", "gunicorn", "-b", "127.0.0.1:0", "site_of_test:app"]
    # Python's own cache of a file tells changes within a second apart by nothing but the size.
    fresh = {"PYTHONDONTWRITEBYTECODE": "1"}
    server = start(command=words, cwd=tmp_path, **fresh)
    assert server.request().read() == b"old"
    assert len(alive(server.pid)) == 2
    site.write_text(SITE.format("new"))
    conf.write_text(CONF.read_text("utf-8") + "\nworkers = 3\n")
    assert server.request().read() == b"old"
    server.send("HUP")
    wait_until(lambda: server.request().read() == b"new", "the new code")
    wait_until(lambda: len(alive(server.pid)) == 4, "three workers")
    site.write_text("def app(:\n")
    result = run(*words, "--check-config", cwd=tmp_path, **fresh)
    assert result.returncode == 1
    assert "SyntaxError" in result.stderr
    # An old worker that is on its way out may still take a connection, and drop it.
    wait_until(lambda: answer_of(server) == b"new", "the new code, still")
    server.send("HUP")
    assert server.wait() != 0
    assert server.is_gone()


# Gunicorn on a port that somebody has, and without the second that it waits between two tries.
TAKEN = """
import socket, sys, time
other = socket.create_server(("127.0.0.1", 0))
sys.argv += ["-b", f"127.0.0.1:{{other.getsockname()[1]}}"]
time.sleep = lambda seconds: {instead}
from gunicorn.app.wsgiapp import run
run()
"""


@needs_gunicorn
def test_a_taken_port_is_tried_five_times():
    result = run("-c", TAKEN.format(instead='print("nap", seconds)'), "-c", str(CONF), APP)
    assert result.returncode == 1
    assert result.stdout == "nap 1\n" * 5
    assert result.stderr.count("Connection in use") == 5


@needs_gunicorn
def test_a_taken_port_that_becomes_free_is_used(start):
    code = TAKEN.format(instead="other.close()")
    server = start("-w", "1", APP, command=["-c", code, "-c", str(CONF)])
    assert server.get()["answers"] == 1
    assert server.printed.count("Connection in use") == 1


@needs_gunicorn
def test_a_silent_worker_is_killed_unless_it_works_in_threads(start):
    threads = start("-w", "1", "-t", "1", "--threads", "2", APP)
    sync = start("-w", "1", "-t", "1", APP)
    whole, both = threads.begin(2)
    assert threads.get()["worker"] == both
    cut, worker = sync.begin(20)
    with pytest.raises(HTTPException):
        cut.read()
    assert f"WORKER TIMEOUT (pid:{worker})" in sync.printed
    assert whole.read() == b"It is done.\n"
    assert "WORKER TIMEOUT" not in threads.printed


@pytest.fixture
def daemon(tmp_path):
    """Start gunicorn in the background; it belongs to nobody, so it is ended by its number."""
    pid_file, log = tmp_path / "gunicorn.pid", tmp_path / "error.log"
    groups = []

    def begin(app):
        result = gunicorn("-w", "1", "-D", "-p", str(pid_file), "--error-logfile", str(log), app)
        printed = wait_until(
            lambda: log.exists() and re.search(r"http://.*:(\d+) \((\d+)\)", log.read_text()), "log"
        )
        pid = int(printed[2])
        with contextlib.suppress(ProcessLookupError):
            groups.append(os.getpgid(pid))
            assert groups[-1] != os.getpgrp()
        return result, pid, int(printed[1])

    yield begin
    try:
        for group in groups:
            wait_until(lambda group=group: not alive(group), "the end of the daemon", 5)
    except AssertionError:
        os.killpg(group, signal.SIGKILL)
        raise


@needs_gunicorn
@pytest.mark.point("D4-36", "D4-37")
def test_in_the_background_gunicorn_is_known_by_its_pid_file_alone(daemon, tmp_path):
    result, pid, port = daemon(APP)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    pid_file = tmp_path / "gunicorn.pid"
    assert int(pid_file.read_text()) == pid
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), "the end of the pid file")


@needs_gunicorn
@pytest.mark.point("D4-36")
def test_in_the_background_a_failed_start_looks_like_a_good_one(daemon, tmp_path):
    result, _, _ = daemon("day04.deployment.nope:app")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    wait_until(lambda: "exited with code 3" in (tmp_path / "error.log").read_text(), "the failure")


# A supervisor


@pytest.mark.point("D4-36")
def test_the_unit_starts_reloads_and_stops_gunicorn_as_the_notes_say():
    service = UNIT_SERVICE
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


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="the machine has no systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    def verify(text):
        path = tmp_path / UNIT.name
        path.write_text(text.replace("/srv/flask-course/.venv/bin/gunicorn", sys.executable))
        command = ["systemd-analyze", "verify", str(path)]
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
        return UNIT.stem not in result.stderr

    text = UNIT.read_text("utf-8")
    assert verify(text)
    assert not verify(text.replace("mixed", "both"))


# Where gunicorn does not run


@pytest.fixture
def waitress(start):
    words = WAITRESS_LINE.replace(":8000", ":0").split()

    def begin(*options, **environ):
        return start(*words[1:-1], *options, words[-1], command=["-m", "waitress"], **environ)

    return begin


def test_waitress_serves_with_threads_of_one_process_and_ignores_headers(waitress):
    server = waitress(FLASK_PROXIES="1")
    _, worker = server.begin(20)
    assert server.get() == {"worker": worker, "answers": 1, "visits": 1}
    assert server.get() == {"worker": worker, "answers": 2, "visits": 1}
    assert server.get("/visitor", FORGED)["address"] == "127.0.0.1"
    assert "GET" not in server.printed  # there is no access log


def test_waitress_leaves_the_headers_of_a_proxy_to_proxyfix_when_told_so(waitress):
    server = waitress("--no-clear-untrusted-proxy-headers", FLASK_PROXIES="1")
    assert server.get("/visitor", FORGED) == FORGED_ANSWER


# Logs


def test_two_who_rotate_one_file_throw_away_each_others_lines(tmp_path):
    def lines_kept(*names):
        """Write 80 lines in turn, for which two files of 40 lines would do."""
        handlers = [RotatingFileHandler(tmp_path / name, "a", 401, 1) for name in names]
        for number in range(80):
            record = logging.LogRecord("x", logging.INFO, "", 0, f"{number:09}", (), None)
            handlers[number % len(handlers)].emit(record)
        for handler in handlers:
            handler.close()
        return sum(len(path.read_text().split()) for path in tmp_path.glob(f"{names[0]}*"))

    assert lines_kept("one.log") == 80
    assert lines_kept("two.log", "two.log") < 80
