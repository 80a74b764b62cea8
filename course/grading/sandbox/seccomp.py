"""A filter of system calls: what no web app needs, and what reaches around the other limits.

Memory that counts for no process, objects and keys that outlive their process, namespaces and
mounts of one's own, a look into other processes. The filter is a small program for the kernel
(classic BPF): https://docs.kernel.org/userspace-api/seccomp_filter.html

It is a list of what is refused, not of what is allowed: the wall stands without it, and each new
release of Python or of the C library uses calls that an older list would not know. The numbers are
written down here, since ``pyseccomp`` needs a system library (libseccomp) that no wheel brings.
"""

from __future__ import annotations

import errno
import platform
import struct

# Numbers of the calls for x86-64 and for ARM (64 bits).
_REFUSED = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_NAMESPACES = 0x7E020000
"""The flags of ``clone`` that ask for new namespaces."""
_X32 = 0x40000000
"""From here on, the numbers are those of a second set of calls of x86-64."""

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000


def program() -> bytes | None:
    """Return the filter, or None for a machine whose numbers are not known here."""
    if platform.machine() not in _MACHINES:
        return None
    column, machine = _MACHINES[platform.machine()]
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    lines = [
        (_LOAD, 0, 0, 4),  # for which kind of machine
        (_EQUAL, 1, 0, machine),
        refuse,
        (_LOAD, 0, 0, 0),  # the call's number
        (_AT_LEAST, 0, 1, _X32),
        refuse,
        # Its flags cannot be seen from here: "no such call" makes the C library use clone.
        (_EQUAL, 0, 1, _CLONE3[column]),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    ]
    for numbers in _REFUSED.values():
        lines += [(_EQUAL, 0, 1, numbers[column]), refuse]
    lines += [
        (_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, 16),  # its first argument
        (_ANY_BIT, 0, 1, _NAMESPACES),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)
