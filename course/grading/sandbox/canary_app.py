"""A hostile submission, sent in before every grading: it reports what the wall let it do."""

import ctypes
import os
import signal
import socket
import stat
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
    """Write into another user's folder."""
    Path(path).with_name("forged.txt").write_text("12/12", "utf-8")


def connects(address: tuple[str, int]) -> None:
    """Open a connection to the machine's own services, or to the world."""
    socket.create_connection(address, timeout=0.5).close()


def kills(pid: int) -> None:
    """Send the judge a signal that does no harm, unless the number is one of the own world's."""
    if not is_ours(pid):
        os.kill(pid, getattr(signal, "SIGCONT", 0))
        return
    raise PermissionError


def is_ours(pid: int) -> bool:
    """Return whether a process of that number lives in the box."""
    place = Path(f"/proc/{pid}/cmdline")
    return place.exists() and b"inside.main" in place.read_bytes()


def sees(pid: int) -> None:
    """Look at the judge's process."""
    if is_ours(pid) or not Path(f"/proc/{pid}").exists():
        raise ProcessLookupError


def sees_more(shown: list[str], files: list[str]) -> list[str]:
    """Return files that the box shows and that are on no list: what is mounted, not where."""
    here = os.getcwd()
    shown = [*shown, here, "/proc"]
    found: list[str] = []
    for top, folders, names in os.walk("/"):
        places = [os.path.join(top, name) for name in folders]
        folders[:] = [Path(place).name for place in places if place not in shown]
        paths = [os.path.join(top, name) for name in names]
        found += [path for path in paths if path not in files and is_plain(path)]
    return found


def is_plain(path: str) -> bool:
    """Tell whether a path is a file itself: no link, no device."""
    return stat.S_ISREG(os.lstat(path).st_mode)


def sees_any(shown: list[str], files: list[str]) -> None:
    """See a file of the machine that is neither Python's nor a lesson's."""
    if not sees_more(shown, files):
        raise FileNotFoundError


def mounts(expected: list[str]) -> None:
    """Find something mounted that is not on the list."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    places = [line.split()[4] for line in lines]
    if any(" shared:" in line for line in lines):
        return  # what is mounted here would be seen in other worlds
    if not [place for place in places if not any(_is_below(place, each) for each in expected)]:
        raise FileNotFoundError


def _is_below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(f"{folder}/")


def holds_rights() -> None:
    """Have a capability, now or after starting a program."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    sets = dict(line.split(":\t", 1) for line in lines if line.startswith("Cap"))
    if not any(int(sets[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")):
        raise PermissionError


def makes_namespaces() -> None:
    """Make a world of its own, in which it would be root."""
    libc = ctypes.CDLL(None)
    if libc.unshare(0x10000000) != 0:
        raise PermissionError


def may_write_many(most: int) -> None:
    """Make more files than it should."""
    for place in (os.getcwd(), "/tmp", "/dev/shm"):
        if not 0 < os.statvfs(place).f_files <= most:
            return
    raise OSError


def changes_the_lessons() -> None:
    """Write where other submissions of the same judge would read."""
    Path("/.six-days/course/forged.py").write_text("", "utf-8")


def is_root() -> None:
    """Have the rights of root."""
    if os.getuid() != 0:
        raise PermissionError


def exceeds(name: str, most: int) -> None:
    """Use more of something than it should."""
    import resource

    limit = resource.getrlimit(getattr(resource, name))[0]
    if limit != resource.RLIM_INFINITY and limit <= most:
        raise ValueError


def takes_shared_memory() -> None:
    """Take memory that outlives its process; it is given back."""
    libc = ctypes.CDLL(None)
    number = libc.shmget(0, 4096, 0o1600)
    if number < 0:
        raise PermissionError
    libc.shmctl(number, 0, None)


@app.post("/")
def attack() -> Response:
    """Try everything and list what worked."""
    wanted = request.get_json()
    listener, limits = wanted["listener"], wanted["limits"]
    tries: dict[str, Callable[[], None]] = {
        "read the tests": lambda: reads(wanted["tests"]),
        "read files outside its folder": lambda: reads(wanted["outside"]),
        "write outside its folder": lambda: writes(wanted["outside"]),
        "see the machine's users": lambda: reads("/etc/passwd"),
        "reach other programs over the network": lambda: connects(("127.0.0.1", listener)),
        "signal the grader": lambda: kills(wanted["pid"]),
        "see other programs": lambda: sees(wanted["pid"]),
        "act as root": is_root,
        "hold rights of root": holds_rights,
        "take too much memory": lambda: exceeds("RLIMIT_AS", limits["memory"]),
        "start too many processes": lambda: exceeds("RLIMIT_NPROC", limits["processes"]),
        "write too large files": lambda: exceeds("RLIMIT_FSIZE", limits["file_size"]),
    }
    if wanted["filtered"]:
        tries["take memory that no limit counts"] = takes_shared_memory
        tries["make namespaces"] = makes_namespaces
    if wanted["shown"]:
        tries["see files that are not on the list"] = lambda: sees_any(
            wanted["shown"], wanted["files"]
        )
        tries["see mounts that are not on the list"] = lambda: mounts(wanted["mounts"])
    if wanted["inodes"]:
        tries["change the lessons"] = changes_the_lessons
        tries["make too many files"] = lambda: may_write_many(wanted["inodes"])
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
