"""The wall between the judge and a submission: what protects, and what a box can see.

Two walls exist. ``strong`` is bubblewrap (Linux): namespaces of its own for files, processes,
network and users, so that the submission sees Python, its packages, the course's lessons and its
own copy of itself. ``process`` is a separate process with the limits that the system has; it keeps
a submission away from the tests' memory, not away from the files of the machine.

https://github.com/containers/bubblewrap
"""

from __future__ import annotations

import functools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from course.catalogue import ROOT
from course.grading.sandbox import seccomp
from course.grading.sandbox.limits import Limits

INSIDE = "/.six-days"
"""Where a strong box finds its work folder and the course's lessons."""
SCRATCH = (f"{INSIDE}/work", "/tmp", "/dev/shm")
"""The folders that a submission may write to behind the strong wall."""

FILTER = "filter of system calls"
"""The layer that only machines have whose numbers of system calls are known here."""

SYSTEM = ("/bin", "/sbin", "/lib", "/lib64", "/lib32")
_RIGHTS = ("SETUID", "SETGID", "KILL", "DAC_OVERRIDE", "FOWNER")
"""What root's box needs to become another user, and to end and tidy up after it."""
_WARM_RIGHTS = ("SYS_ADMIN", "SETPCAP", "NET_ADMIN")
"""What the warm process needs to make namespaces and to drop its rights in them."""


class WallError(Exception):
    """The machine cannot give the isolation that was asked for."""


@dataclass(frozen=True)
class Wall:
    """A kind of isolation; ``layers`` names what protects, for people to read."""

    isolation: str
    layers: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    hidden: tuple[Path, ...] = ()
    """Folders that no box may see, wherever they are."""

    @property
    def is_strong(self) -> bool:
        """Whether bubblewrap keeps the machine's files away."""
        return self.isolation == "strong"

    def bubblewrap(self, *, warm: bool, modules: Iterable[tuple[str, int]]) -> list[str]:
        """Return the command that builds the strong wall; the program to run is still to come.

        ``modules`` are the names and file descriptors of what runs inside. ``warm`` leaves the
        right to make namespaces: for a process that never runs a student's code.
        """
        is_root = os.getuid() == 0
        words = [_bwrap_path(), "--die-with-parent", "--new-session", "--clearenv"]
        # The first process of its world is deaf to signals from its own world.
        words += ["--as-pid-1", "--cap-drop", "ALL"]
        if is_root:
            words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
            words += ["--unshare-cgroup-try"]
        else:
            words += ["--unshare-all"]
        rights = (*(_RIGHTS if is_root else ()), *(_WARM_RIGHTS if warm else ()))
        for right in rights:
            words += ["--cap-add", f"CAP_{right}"]
        for name, value in environ(SCRATCH[0]).items():
            words += ["--setenv", name, value]
        words += ["--proc", "/proc", "--dev", "/dev"]
        # Before the folders that are shown: one of them may be below /tmp.
        for place, size in zip(SCRATCH, (self.limits.disk, self.limits.disk, 2**20), strict=True):
            words += ["--perms", "1777", "--size", str(size), "--tmpfs", place]
        for name in SYSTEM:
            if Path(name).is_symlink():
                words += ["--symlink", os.readlink(name), name]
            elif Path(name).is_dir():
                words += ["--ro-bind", name, name]
        words += self._shown()
        words += ["--perms", "0755", "--tmpfs", f"{INSIDE}/course"]
        for name, number in modules:
            place = f"{INSIDE}/sandbox/{name}"
            words += ["--perms", "0444", "--ro-bind-data", str(number), place]
        return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"]

    def _shown(self) -> list[str]:
        """Return the words that show Python and its packages, and hide what is among them."""
        words = []
        visible = [Path("/usr"), *python_folders()]
        # By itself bubblewrap makes them for its own user only.
        for path in sorted({parent for each in visible for parent in each.parents}):
            words += ["--perms", "0755", "--dir", str(path)]
        for name in ("/usr", "/etc/ld.so.cache", *map(str, python_folders())):
            words += ["--ro-bind-try", name, name]
        for path in (*self.hidden, ROOT):
            if any(path.is_relative_to(each) for each in visible):
                words += ["--tmpfs", str(path), "--remount-ro", str(path)]
                for each in python_folders():  # a virtual environment in the course's own folder
                    if each.is_relative_to(path):
                        words += ["--dir", str(each), "--ro-bind", str(each), str(each)]
        return words


def environ(home: str) -> dict[str, str]:
    """Return the only variables a submission sees."""
    found = {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    if sys.platform == "win32":  # sockets and random numbers need these there
        found |= {name: os.environ[name] for name in ("SYSTEMROOT", "PATH") if name in os.environ}
        found |= {"TEMP": home, "TMP": home}
    return found


@functools.cache
def python_folders() -> list[Path]:
    """Return the folders that this Python and its installed packages are in."""
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
def bubblewrap_problem() -> str | None:
    """Return why bubblewrap cannot be used here, found by trying it; None when it can."""
    if sys.platform != "linux":
        return "bubblewrap exists for Linux only"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed (package bubblewrap)"
    words = [_bwrap_path(), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--ro-bind", "/"]
    words += ["/", "--proc", "/proc", "--tmpfs", "/dev/shm", "--", "/bin/true"]
    done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=20)
    return None if done.returncode == 0 else f"bubblewrap fails: {done.stderr.strip()[:200]}"


def build(isolation: str | None, limits: Limits, hidden: tuple[Path, ...] = ()) -> Wall:
    """Return the wall of that name, or the machine's default: strong on Linux, else process.

    Nothing is tried: this is for a judge, whose caller has chosen.
    """
    wanted = isolation or ("strong" if sys.platform == "linux" else "process")
    if wanted == "strong":
        layers = ["bubblewrap: own files, processes, network, users", "resource limits"]
        if seccomp.program():
            layers.append(FILTER)
    elif hasattr(os, "fork"):
        layers = ["separate process", "resource limits as far as the system has them"]
    else:
        layers = ["separate process", "time limits"]
    return Wall(wanted, tuple(layers), limits, hidden)


def choose(isolation: str | None, limits: Limits, hidden: tuple[Path, ...] = ()) -> Wall:
    """Return the wall of that name, or the machine's default, after trying it.

    Raises ``WallError`` when the machine cannot give what was asked for; never a weaker wall.
    """
    wall = build(isolation, limits, hidden)
    if wall.is_strong and (problem := bubblewrap_problem()):
        raise WallError(
            f"Strong isolation is not possible: {problem}. Install it, or choose "
            "`--isolation process`, which does not keep submissions away from your files."
        )
    return wall
