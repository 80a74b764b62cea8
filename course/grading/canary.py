"""A hostile submission, sent in before every grading: it reports what the wall let it do."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, jsonify, request

app = Flask(__name__)


def reads(path: str) -> None:
    """Read a file, or a file of a folder."""
    place = Path(path)
    file = place if place.is_file() else next(p for p in place.rglob("*.py") if p.is_file())
    file.read_bytes()


def writes(path: str) -> None:
    """Write into somebody else's folder."""
    Path(path).with_name("forged.txt").write_text("12/12", "utf-8")


def connects(address: tuple[str, int]) -> None:
    """Open a connection to the machine's own services, or to the world."""
    socket.create_connection(address, timeout=0.5).close()


def kills(pid: int) -> None:
    """Send a signal to the judge; 0 only asks whether it could."""
    os.kill(pid, getattr(signal, "SIGCONT", 0))


@app.post("/")
def attack() -> Response:
    """Try everything and list what worked."""
    wanted = request.get_json()
    listener = wanted.get("listener")
    tries: dict[str, Callable[[], None]] = {
        "read the tests": lambda: reads(wanted["tests"]),
        "read files outside its folder": lambda: reads(wanted["outside"]),
        "write outside its folder": lambda: writes(wanted["outside"]),
        "see the machine's users": lambda: reads("/etc/passwd"),
        "reach other programs over the network": lambda: connects(("127.0.0.1", listener)),
        "signal the grader": lambda: kills(wanted["pid"]),
    }
    done = []
    for name, attempt in tries.items():
        try:
            attempt()
        except Exception:  # noqa: BLE001, S112 (held by the wall)
            continue
        done.append(name)
    if any("SECRET" in name or "TOKEN" in name or "KEY" in name for name in os.environ):
        done.append("see secrets in the environment")
    return jsonify(done)
