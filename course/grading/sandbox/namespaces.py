"""The kernel calls that give a box a world of its own. Linux only; nothing else makes such calls.

bubblewrap builds the outer wall once. Inside it, each submission gets what these calls make:
namespaces, empty folders to write to, a ``/proc`` of its own, no rights, and the filter. Each is
proved by a test that leaves it out and sees an attack get through.

https://man7.org/linux/man-pages/man7/namespaces.7.html
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

NEW_FILES, NEW_NAMES, NEW_IPC, NEW_PIDS, NEW_NETWORK = (
    0x00020000,  # CLONE_NEWNS
    0x04000000,  # CLONE_NEWUTS
    0x08000000,  # CLONE_NEWIPC
    0x20000000,  # CLONE_NEWPID
    0x40000000,  # CLONE_NEWNET
)

NO_SETUID, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE = 1, 32, 4096, 0x4000

CAPABILITIES = {"DAC_OVERRIDE": 1, "FOWNER": 3, "KILL": 5, "SETGID": 6, "SETUID": 7}
"""What the first process of root's box keeps: to become another user, and to tidy up after it."""

_SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUND, _SET_SUBREAPER, _NO_NEW_PRIVS, _AMBIENT = (
    4,
    22,
    24,
    36,
    38,
    47,
)
_CLEAR_ALL, _FILTER = 4, 2
_SET_FLAGS, _UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *args: object) -> None:
    if getattr(_libc, function)(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def _prctl(option: int, first: int, second: int | ctypes.c_void_p = 0) -> None:
    rest = second if isinstance(second, ctypes.c_void_p) else ctypes.c_ulong(second)
    zero = ctypes.c_ulong(0)
    _call("prctl", option, ctypes.c_ulong(first), rest, zero, zero)


def unshare() -> None:
    """Leave the namespaces of the outer wall; the next child is the first process of its world."""
    _call("unshare", NEW_FILES | NEW_NAMES | NEW_IPC | NEW_PIDS | NEW_NETWORK)


def raise_loopback() -> None:
    """Let programs of this world reach each other on 127.0.0.1 (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def mount(kind: str, place: str, options: str = "") -> None:
    """Mount a fresh file system of that kind, without devices and set-user-id programs."""
    flags = NO_SETUID | NO_DEVICES | (NO_PROGRAMS if kind == "proc" else 0)
    _call(
        "mount",
        kind.encode(),
        place.encode(),
        kind.encode(),
        ctypes.c_ulong(flags),
        options.encode(),
    )


def make_read_only(place: str) -> None:
    """Forbid writing to a mounted file system, for everybody in this world."""
    flags = _REMOUNT | _BIND | _READ_ONLY | NO_SETUID | NO_DEVICES
    _call("mount", b"none", place.encode(), None, ctypes.c_ulong(flags), None)


def cover(place: str, options: str, shown: Iterable[str]) -> None:
    """Mount an empty folder over ``place``; the folders ``shown`` below it stay where they are."""
    kept = [(path, os.open(path, os.O_PATH)) for path in shown if Path(path).is_relative_to(place)]
    mount("tmpfs", place, options)
    for path, number in kept:
        os.makedirs(path, mode=0o755)
        source = f"/proc/self/fd/{number}".encode()
        _call("mount", source, path.encode(), None, ctypes.c_ulong(_BIND | _RECURSIVE), None)
        os.close(number)


def drop_rights() -> None:
    """Give up all capabilities but those above, for this process and all that it starts."""
    is_root = os.getuid() == 0
    keep = set(CAPABILITIES.values()) if is_root else set()
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text("ascii"))
    _prctl(_AMBIENT, _CLEAR_ALL)
    for number in range(last + 1):
        if number not in keep:
            _prctl(_DROP_BOUND, number)
    _set_capabilities(sum(1 << number for number in keep))


def drop_all_rights() -> None:
    """Give up what is left, the rights that a program could inherit among them."""
    _prctl(_AMBIENT, _CLEAR_ALL)
    _set_capabilities(0)


def _set_capabilities(low: int) -> None:
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _call("capset", header, struct.pack("6I", low, low, 0, 0, 0, 0))
    _prctl(_NO_NEW_PRIVS, 1)


def apply_filter(program: bytes) -> None:
    """Let the kernel refuse the system calls that the filter names (``seccomp.program``)."""
    text = ctypes.create_string_buffer(program, len(program))
    pointer = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(text))
    buffer = ctypes.create_string_buffer(pointer, len(pointer))
    _prctl(_SET_SECCOMP, _FILTER, ctypes.c_void_p(ctypes.addressof(buffer)))


def hide_memory() -> None:
    """Keep other processes of the same user from looking into this one."""
    _prctl(_SET_DUMPABLE, 0)


def show_memory() -> None:
    """Let this process look at itself in ``/proc`` again."""
    _prctl(_SET_DUMPABLE, 1)


def adopt_orphans() -> None:
    """Become the parent of all descendants whose parents end, to find and end them."""
    _prctl(_SET_SUBREAPER, 1)
