"""The day's apps behind gunicorn, which reads requests in its own way: the second half.

Begin with test_broken_chunks_are_a_bad_request.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time

import pytest

from tests.day05_wechat.helpers import TOKEN, signed
from tests.helpers import ROOT

pytestmark = [
    pytest.mark.second_half,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs a POSIX system"),
]

PATIENCE = 120
"""Seconds to wait for a state that comes at once, unless the machine is very busy."""


@contextlib.contextmanager
def gunicorn(log, app, workers, **environ):
    """Serve an app with so many workers; give the port that the system chose."""
    folder = str(log.parent)  # for gunicorn's control socket
    environ |= {"HOME": folder, "XDG_RUNTIME_DIR": folder}
    command = [sys.executable, "-m", "gunicorn", "--workers", str(workers), "--bind", "127.0.0.1:0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, app],
            cwd=ROOT,
            env=os.environ | environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + PATIENCE
        while not (found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.01)
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(PATIENCE)


def exchange(port, request):
    """Send bytes, say that no more will come, and return every byte of the response."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


CHUNKS = {
    "a size that is not a number": b"zz\r\n",
    "a negative size": b"-5\r\nhello\r\n0\r\n\r\n",
    "a size that is too small": b"5\r\nhelloXX0\r\n\r\n",
    "line feeds alone": b"5\nhello\n0\n\n",
}


@pytest.mark.parametrize("lesson", ["handler", "safe_mode"])
def test_broken_chunks_are_a_bad_request(tmp_path, lesson):
    log = tmp_path / "log"
    app = f"day05_wechat.{lesson}.app:create_app()"
    with gunicorn(log, app, 1, WECHAT_TOKEN=TOKEN) as port:
        for chunks in CHUNKS.values():
            head = f"POST {signed()} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            head += "Transfer-Encoding: chunked\r\n\r\n"
            response = exchange(port, head.encode() + chunks)
            assert response.startswith(b"HTTP/1.1 400 "), chunks
    assert "Traceback" not in log.read_text()
