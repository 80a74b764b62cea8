"""The wall between the judge and a submission: how the box is started, and what protects.

Two walls exist. ``strong`` is bubblewrap (Linux): namespaces of its own for files, processes,
network and users, so that the submission sees Python, its packages and its own copy of itself.
``process`` is a separate process with the limits that the system has; it keeps a submission away
from the tests' memory, not away from the files of the machine.

https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import functools
import json
import os
import secrets
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from course.catalogue import ROOT
from course.grading.sandbox import seccomp

HERE = Path(__file__).parent

INSIDE = "/.six-days"
"""Where a strong box finds the submission, its work folder and the course's lessons."""


FILTER = "filter of system calls"
"""The layer that only machines have whose numbers of system calls are known here."""


class WallError(Exception):
    """The machine cannot give the isolation that was asked for."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use; per process unless said otherwise."""

    import_seconds: float = 5
    """Wall-clock time until the app stands."""
    request_seconds: float = 2
    """Wall-clock time of one answer."""
    strikes: int = 3
    """Time-outs after which the remaining tests of a submission are not tried any more."""
    submission_seconds: float = 30
    """Wall-clock time of all tests of one exercise."""
    cpu_seconds: int = 5
    memory: int = 512 * 2**20
    """Address space in bytes."""
    processes: int = 16
    file_size: int = 8 * 2**20
    """Bytes of one file, and of what the app prints."""
    open_files: int = 64
    disk: int = 64 * 2**20
    """Bytes of all files together (strong wall only)."""


@dataclass(frozen=True)
class Wall:
    """A way to start boxes; ``layers`` names what protects, for people to read."""

    isolation: str
    layers: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    hidden: tuple[Path, ...] = ()
    """Folders that no box may see, wherever they lie."""

    def start(self, source: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a box for the submission laid out in ``source``; it prints into ``output``."""
        root = hasattr(os, "getuid") and os.getuid() == 0
        strong = self.isolation == "strong"
        options: dict[str, Any] = {
            "limits": asdict(self.limits),
            # A number that no user and no other box has, so that root's exception from the process
            # limit and root's rights over files end at the fork.
            "uid": 2**20 + secrets.randbelow(2**30) if root and strong else None,
        }
        kept: list[int] = []
        if strong:
            options |= {name: f"{INSIDE}/{name}" for name in ("source", "course")}
            options["scratch"] = [f"{INSIDE}/work", "/tmp", "/dev/shm"]
            command = self._bubblewrap(source, root)
            if program := seccomp.program():
                kept.append(os.memfd_create("filter"))
                os.write(kept[0], program)
                os.lseek(kept[0], 0, os.SEEK_SET)
                command += ["--seccomp", str(kept[0])]
            command += ["--", *_python(f"{INSIDE}/sandbox"), json.dumps(options)]
            environ = {}
        else:
            # Beside the copies of the submission, and removed with them.
            work = tempfile.mkdtemp(prefix="box-", dir=source)
            options |= {"source": str(source), "scratch": [work], "course": str(ROOT)}
            command = [*_python(str(HERE)), json.dumps(options)]
            environ = _environ(work)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=environ,
                cwd=source,
                start_new_session=True,
                pass_fds=kept,
            )
        finally:
            for number in kept:
                os.close(number)

    def _bubblewrap(self, source: Path, root: bool) -> list[str]:
        words = [_bwrap_path(), "--die-with-parent", "--new-session", "--clearenv"]
        # The first process of its world is deaf to whatever signal its own world sends it.
        words += ["--as-pid-1"]
        # Root keeps what the box needs to become somebody else and to end and tidy up after them;
        # the submission has none of it, as it is somebody else by then.
        if root:
            words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
            words += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
            for right in ("SETUID", "SETGID", "KILL", "CHOWN", "DAC_OVERRIDE", "FOWNER"):
                words += ["--cap-add", f"CAP_{right}"]
        else:
            words += ["--unshare-all", "--cap-drop", "ALL"]
        for name, value in _environ(f"{INSIDE}/work").items():
            words += ["--setenv", name, value]
        size = str(self.limits.disk)
        words += ["--proc", "/proc", "--dev", "/dev"]
        # Before the folders that are shown: one of them may lie below /tmp.
        words += ["--perms", "1777", "--size", size, "--tmpfs", "/tmp"]
        words += ["--perms", "1777", "--size", "1048576", "--tmpfs", "/dev/shm"]
        for name in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
            if Path(name).is_symlink():
                words += ["--symlink", os.readlink(name), name]
            elif Path(name).is_dir():
                words += ["--ro-bind", name, name]
        visible = [Path("/usr"), *_python_folders()]
        inside = Path(INSIDE, "course", "day")
        # By itself bubblewrap makes them for its own user only.
        for path in sorted({parent for each in (*visible, inside) for parent in each.parents}):
            words += ["--perms", "0755", "--dir", str(path)]
        for path in visible:
            words += ["--ro-bind", str(path), str(path)]
        words += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        for path in (*self.hidden, ROOT / "tests"):
            if any(path.is_relative_to(each) for each in visible):
                words += ["--tmpfs", str(path), "--remount-ro", str(path)]
        for name in ("inside.py", "wire.py"):
            words += ["--ro-bind", str(HERE / name), f"{INSIDE}/sandbox/{name}"]
        words += ["--ro-bind", str(source), f"{INSIDE}/source"]
        for day in sorted(ROOT.glob("day*/")):
            words += ["--ro-bind", str(day), f"{INSIDE}/course/{day.name}"]
        words += ["--perms", "1777", "--size", size, "--tmpfs", f"{INSIDE}/work"]
        return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


BOOT = """\
import sys, types
for name in ("course", "course.grading", "course.grading.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [sys.argv[1]]
from course.grading.sandbox import inside
inside.main(sys.argv[2])
"""
"""Of the course, the box has the modules of one folder: empty packages stand for those above it."""


def _python(folder: str) -> list[str]:
    # Isolated: neither the folder, nor the user's packages, nor PYTHON* variables take part.
    return [sys.executable, "-I", "-X", "utf8", "-X", "faulthandler", "-c", BOOT, folder]


def _environ(home: str) -> dict[str, str]:
    """Return the only variables a submission sees."""
    environ = {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    if sys.platform == "win32":  # sockets and random numbers need these there
        environ |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
        environ |= {"TEMP": home, "TMP": home}
    return environ


def _python_folders() -> list[Path]:
    """Return the folders that this Python and its installed packages live in."""
    paths = {Path(name) for name in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    paths |= {Path(sys.executable).parent, Path(os.path.realpath(sys.executable)).parent}
    paths |= {Path(name) for name in site.getsitepackages()}
    paths |= {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib")}
    inner = {a for a in paths for b in paths if a != b and a.is_relative_to(b)}
    return sorted(
        path
        for path in paths - inner
        if path.is_dir() and not path.is_relative_to("/usr") and path != Path("/")
    )


def _bwrap_path() -> str:
    return shutil.which("bwrap") or "bwrap"


@functools.cache
def _bubblewrap_problem() -> str | None:
    """Return why bubblewrap cannot be used here, found by trying it; None when it can."""
    if sys.platform != "linux":
        return "bubblewrap exists for Linux only"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (package bubblewrap)"
    words = [_bwrap_path(), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/"]
    words += ["/", "--proc", "/proc", "--tmpfs", "/dev/shm", "--", sys.executable, "-I", "-c", ""]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=20)
    return None if done.returncode == 0 else f"bubblewrap fails: {done.stderr.strip()[:200]}"


def choose(isolation: str | None, limits: Limits, hidden: tuple[Path, ...] = ()) -> Wall:
    """Return the wall of that name, or the machine's default: strong on Linux, else process.

    Raises ``WallError`` when the machine cannot give what was asked for; never a weaker wall.
    """
    wanted = isolation or ("strong" if sys.platform == "linux" else "process")
    if wanted == "strong":
        if problem := _bubblewrap_problem():
            raise WallError(
                f"Strong isolation is not possible: {problem}. Install it, or choose "
                "`--isolation process`, which does not keep submissions away from your files."
            )
        layers = ["bubblewrap: own files, processes, network, users", "resource limits"]
        if seccomp.program():
            layers.append(FILTER)
    elif hasattr(os, "fork"):
        layers = ["separate process", "resource limits as far as the system has them"]
    else:
        layers = ["separate process", "time limits"]
    return Wall(wanted, tuple(layers), limits, hidden)
