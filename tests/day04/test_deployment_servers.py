"""The servers of the lesson on deployment, each in processes of its own: the second half.

Begin with test_each_worker_has_its_own_variables_and_does_one_thing_at_a_time. A slow request ends
when the test says so, not after some time: see SITE.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from importlib.metadata import version
from pathlib import Path

import pytest

from day04.deployment.app import create_app
from tests.day04.deployment import (
    APP,
    CONF,
    FORGED,
    TRUSTED,
    UNIT,
    WAITRESS_LINE,
    needs_gunicorn,
    unit,
)
from tests.helpers import ROOT

pytestmark = [pytest.mark.second_half, pytest.mark.usefixtures("plain_environment")]

PATIENCE = 120
"""Seconds to wait for a state that comes at once, unless the machine is very busy."""

# The app of the lesson, with another clock: /slow/3 goes on until there is a file named 3.
SITE = """
import time
from pathlib import Path
from types import SimpleNamespace

from day04.deployment import app as lesson

def sleep(seconds):
    while not (Path(__file__).parent / str(seconds)).exists():
        time.sleep(0.01)

lesson.time = SimpleNamespace(sleep=sleep)
app = lesson.create_app()
"""


def wait_until(true, what):
    """Return what ``true()`` returns, as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (result := true()):
        assert time.monotonic() < end, f"{what}: not within {PATIENCE} s"
        time.sleep(0.01)
    return result


def alive(group):
    """Return the processes of a group that are still running."""
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
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | environ,
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
        """The port that the system chose; a worker may still be starting, but one can connect."""
        return int(self.wait_for(r"(?:Listening at|Serving on):? http://[\d.]+:(\d+)")[1])

    def send(self, path="/", headers=None):
        """Send a request, and do not wait for the response."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers=headers or {})
        self.connections.append(connection)
        return connection

    def request(self, path="/", headers=None):
        return self.send(path, headers).getresponse()

    def get(self, path="/", headers=None):
        return json_of(self.request(path, headers))

    def begin(self, number):
        """Request a slow page; return the response, whose rest is to come, and the worker."""
        response = self.request(f"/slow/{number}")
        return response, int(re.search(rb"\d+", response.readline())[0])

    def is_gone(self):
        """Try to connect; tell whether no one accepts and no process is left."""
        with contextlib.suppress(ConnectionError, HTTPException):
            self.request().read()
            return False
        return not alive(self.pid)

    def signal(self, name):
        os.kill(self.pid, getattr(signal, f"SIG{name}"))

    def wait(self):
        return self.process.wait(PATIENCE)


def json_of(response):
    return create_app().json.loads(response.read())


@pytest.fixture
def site(tmp_path):
    """Write the app whose slow page continues until ``site(number)`` ends it."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "site_of_test.py").write_text(SITE)
    return lambda number: (folder / str(number)).touch()


@pytest.fixture
def start(tmp_path):
    """Start servers on free ports, end them, and check that no process is left."""
    servers = []

    def run(
        *words,
        command=("-m", "gunicorn", "-c", str(CONF), "-b", "127.0.0.1:0"),
        cwd=ROOT,
        **environ,
    ):
        log = tmp_path / f"log {len(servers)}"
        path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path / "site")])}
        server = Server([sys.executable, *command, *words], log, cwd, **path | environ)
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
    )


def gunicorn(*words, **environ):
    """Run gunicorn with the lesson's settings where it ends by itself."""
    return run("-m", "gunicorn", "-c", str(CONF), "-b", "127.0.0.1:0", *words, **environ)


# What gunicorn prints when it cannot start


@needs_gunicorn
def test_gunicorn_does_not_start_without_what_only_posix_has():
    code = "import sys; sys.modules['fcntl'] = None; import gunicorn.app.wsgiapp"
    result = run("-c", code)
    assert result.returncode == 1
    assert "ModuleNotFoundError: import of fcntl" in result.stderr


@needs_gunicorn
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--check-config", APP], 0, ""),
        (["--check-config", "day04.deployment.app:create_app()"], 0, ""),
        (["--check-config", "day04.deployment.wsgi:nope"], 1, "Failed to find attribute 'nope'"),
        (["--access-logfile", APP], 1, "No application module specified."),
        (["--access-logfile", "/missing/access.log", APP], 1, "access.log' isn't writable"),
    ],
)
def test_gunicorn_says_why_it_does_not_start(words, code, said):
    result = gunicorn(*words)
    assert result.returncode == code
    assert said in result.stderr


# Gunicorn on a port that is taken, and without the second that it waits between two tries.
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
    assert server.get()["count"] == 1
    assert server.printed.count("Connection in use") == 1


# Workers


@needs_gunicorn
def test_each_worker_has_its_own_variables_and_does_one_thing_at_a_time(start, site):
    server = start("-w", "2", "site_of_test:app")
    slow, first = server.begin(1)
    other = server.get()
    _, second = server.begin(2)
    assert other == {"worker": second, "count": 1, "visits": 1}
    assert len({server.pid, first, second}) == 3
    # Both are busy. The next request waits for the worker that is free first, and counts anew.
    waiting = server.send()
    site(1)
    assert slow.read() == b"It is done.\n"
    assert json_of(waiting.getresponse()) == {"worker": first, "count": 1, "visits": 1}


@needs_gunicorn
def test_the_defaults_without_the_file(start, tmp_path):
    server = start(APP, command=["-m", "gunicorn", "-b", "127.0.0.1:0"])
    assert server.get("/visitor", FORGED)["scheme"] == "https"  # trusted, with PROXIES at 0
    assert len(alive(server.pid)) == 2  # the master and a single worker
    assert "GET /" not in server.printed
    if int(version("gunicorn").partition(".")[0]) >= 27:
        wait_until((tmp_path / ".gunicorn" / "gunicorn.ctl").exists, "a control socket")


@needs_gunicorn
def test_the_units_commands_start_a_server_that_logs_and_trusts_no_header(start, tmp_path):
    check, _ = unit()["ExecReload"].split(" ; ")
    assert run("-m", "gunicorn", *shlex.split(check)[1:]).returncode == 0
    *words, app = shlex.split(unit()["ExecStart"])[1:]
    assert "-D" not in words  # it would get away from this test
    server = start(*words, "-b", "127.0.0.1:0", app, command=["-m", "gunicorn"])
    visitor = server.get("/visitor", FORGED)
    assert (visitor["address"], visitor["scheme"]) == ("127.0.0.1", "http")
    server.wait_for(r'(?m)^127\.0\.0\.1 .*"GET /visitor HTTP/1\.1" 200 ')
    assert not (tmp_path / ".gunicorn").exists()


@needs_gunicorn
def test_proxyfix_changes_the_address_in_the_log_as_well(start):
    server = start("-w", "1", APP, FLASK_PROXIES="1")
    assert server.get("/visitor", FORGED) == TRUSTED
    server.wait_for(r'(?m)^203\.0\.113\.9 .*"GET /visitor HTTP/1\.1" 200 ')


@needs_gunicorn
@pytest.mark.parametrize("key", [None, "from the administrator"])
def test_a_worker_that_is_killed_is_replaced_and_only_a_fixed_key_keeps_the_session(
    start, site, key
):
    environ = {"FLASK_SECRET_KEY": key} if key else {}
    server = start("-w", "1", "site_of_test:app", **environ)
    response = server.request()
    cookie = response.getheader("Set-Cookie").partition(";")[0]
    first = json_of(response)
    slow, worker = server.begin(1)
    assert worker == first["worker"]
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(HTTPException):
        slow.read()
    second = server.get(headers={"Cookie": cookie})
    assert second["worker"] not in {worker, server.pid}
    assert second["count"] == 1
    assert second["visits"] == (2 if key else 1)
    assert server.process.poll() is None
    server.wait_for(rf"Worker \(pid:{worker}\) was sent SIGKILL!")


@needs_gunicorn
def test_a_silent_worker_is_killed_unless_it_works_in_threads(start, site):
    threads = start("-w", "1", "-t", "3", "--threads", "2", "site_of_test:app")
    sync = start("-w", "1", "-t", "3", "site_of_test:app")
    whole, both = threads.begin(1)
    assert threads.get()["worker"] == both
    cut, worker = sync.begin(2)
    with pytest.raises(HTTPException):
        cut.read()
    assert f"WORKER TIMEOUT (pid:{worker})" in sync.printed
    site(1)  # which began before the other one
    assert whole.read() == b"It is done.\n"
    assert "WORKER TIMEOUT" not in threads.printed


# Stop and reload


@needs_gunicorn
def test_hup_and_term_let_the_running_requests_finish(start, site, tmp_path):
    pid_file = tmp_path / "gunicorn.pid"
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(PATIENCE)
        # As a unit of Type=notify does.
        notify = str(tmp_path / "notify")
        words = ["--graceful-timeout", str(PATIENCE), "-p", str(pid_file), "-w", "1"]
        server = start(*words, "site_of_test:app", NOTIFY_SOCKET=notify)
        assert b"READY=1" in supervisor.recv(1000)
    assert int(pid_file.read_text()) == server.pid
    assert server.get()["count"] == 1
    slow, old = server.begin(1)
    server.signal("HUP")
    # The only old worker is busy, so it is a new one that accepts the request.
    response = server.get()
    assert response["worker"] not in {old, server.pid}
    assert response["count"] == 1
    slow_too, new = server.begin(2)
    assert new == response["worker"]
    server.signal("TERM")
    site(1)
    assert slow.read() == b"It is done.\n"
    wait_until(lambda: old not in alive(server.pid), "the end of the old worker")
    site(2)
    assert slow_too.read() == b"It is done.\n"
    assert server.wait() == 0
    assert not pid_file.exists()
    assert server.is_gone()


@needs_gunicorn
@pytest.mark.parametrize(("name", "timeout"), [("TERM", "0"), ("INT", str(PATIENCE))])
def test_a_stop_after_the_time_limit_cuts_the_request(start, site, name, timeout):
    server = start("-w", "1", "--graceful-timeout", timeout, "site_of_test:app")
    slow, _ = server.begin(1)
    server.signal(name)
    with pytest.raises(HTTPException):
        slow.read()
    assert server.wait() == 0


@needs_gunicorn
def test_kill_leaves_workers_that_continue_and_a_stale_pid_file(start, site, tmp_path):
    pid_file = tmp_path / "gunicorn.pid"
    server = start("-p", str(pid_file), "site_of_test:app")
    slow, worker = server.begin(1)
    server.signal("KILL")
    assert server.wait() == -signal.SIGKILL
    assert worker in alive(server.pid)
    with pytest.raises(OSError, match="in use"):
        socket.create_server(("127.0.0.1", server.port))
    other = server.send()
    site(1)
    assert slow.read() == b"It is done.\n"
    assert other.getresponse().status == 200  # a response, although the master is dead
    assert int(pid_file.read_text()) == server.pid
    # An idle worker checks only from time to time; a connection wakes it.
    wait_until(server.is_gone, "the end of the orphans")
    # A new one takes the file over, unless the number by now belongs to another process.
    again = start("-w", "1", "-p", str(pid_file), APP)
    again.get()
    assert int(pid_file.read_text()) == again.pid
    pid_file.write_text(f"{os.getpid()}\n")
    result = gunicorn("-p", str(pid_file), APP)
    assert result.returncode == 1
    assert f"Already running on PID {os.getpid()}" in result.stderr


TEXT = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"{}"]
"""


@needs_gunicorn
def test_hup_reads_code_and_settings_anew_and_ends_everything_when_they_are_broken(start, tmp_path):
    site, conf = tmp_path / "site_of_test.py", tmp_path / "gunicorn.conf.py"
    site.write_text(TEXT.format("old"))
    conf.write_text(CONF.read_text("utf-8") + "\nworkers = 1\n")
    # Without -c: the file is found by its name, where gunicorn starts.
    words = ["-m", "gunicorn", "-b", "127.0.0.1:0", "site_of_test:app"]
    # Python's own cache of a file tells changes within a second apart by nothing but the size.
    fresh = {"PYTHONDONTWRITEBYTECODE": "1"}
    server = start(command=words, cwd=tmp_path, **fresh)

    def text():
        """Return the text of a response, or None where the server hangs up."""
        try:
            return server.request().read()
        except OSError:
            return None

    assert text() == b"old"
    assert len(alive(server.pid)) == 2
    site.write_text(TEXT.format("new"))
    conf.write_text(CONF.read_text("utf-8") + "\nworkers = 3\n")
    assert text() == b"old"
    server.signal("HUP")
    wait_until(lambda: text() == b"new", "the new code")
    wait_until(lambda: len(alive(server.pid)) == 4, "three workers")
    site.write_text("def app(:\n")
    result = run(*words, "--check-config", cwd=tmp_path, **fresh)
    assert result.returncode == 1
    assert "SyntaxError" in result.stderr
    # An old worker that is on its way out may still take a connection, and drop it.
    wait_until(lambda: text() == b"new", "the new code, still")
    server.signal("HUP")
    assert server.wait() != 0
    assert server.is_gone()


# In the background


@pytest.fixture
def daemon(tmp_path):
    """Start gunicorn in the background; it has no parent, so it is ended by its number."""
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
            wait_until(lambda group=group: not alive(group), "the end of the daemon")
    except AssertionError:
        os.killpg(group, signal.SIGKILL)
        raise


@needs_gunicorn
def test_in_the_background_gunicorn_is_known_by_its_pid_file_alone(daemon, tmp_path):
    result, pid, port = daemon(APP)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    pid_file = tmp_path / "gunicorn.pid"
    assert int(pid_file.read_text()) == pid
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_until(lambda: not pid_file.exists(), "the end of the pid file")


@needs_gunicorn
def test_in_the_background_a_failed_start_looks_like_a_good_one(daemon, tmp_path):
    result, _, _ = daemon("day04.deployment.nope:app")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    wait_until(lambda: "exited with code 3" in (tmp_path / "error.log").read_text(), "the failure")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="the machine has no systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    def verify(text):
        path = tmp_path / UNIT.name
        path.write_text(text.replace("/srv/flask-course/.venv/bin/gunicorn", sys.executable))
        command = ["systemd-analyze", "verify", str(path)]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        return UNIT.stem not in result.stderr

    text = UNIT.read_text("utf-8")
    assert verify(text)
    assert not verify(text.replace("mixed", "both"))


# Where gunicorn does not run


@pytest.fixture
def waitress(start):
    words = WAITRESS_LINE.replace(":8000", ":0").split()

    def begin(*options, app=APP, **environ):
        return start(*words[1:-1], *options, app, command=["-m", "waitress"], **environ)

    return begin


def test_waitress_serves_with_threads_of_one_process_and_ignores_headers(waitress, site):
    server = waitress(app="site_of_test:app", FLASK_PROXIES="1")
    _, worker = server.begin(1)
    assert server.get() == {"worker": worker, "count": 1, "visits": 1}
    assert server.get() == {"worker": worker, "count": 2, "visits": 1}
    assert server.get("/visitor", FORGED)["address"] == "127.0.0.1"
    assert "GET" not in server.printed  # waitress has no access log
    site(1)


def test_waitress_leaves_the_headers_of_a_proxy_to_proxyfix_when_told_so(waitress):
    server = waitress("--no-clear-untrusted-proxy-headers", FLASK_PROXIES="1")
    assert server.get("/visitor", FORGED) == TRUSTED
