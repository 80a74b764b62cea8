"""Attacks over time: leave something for the next test, or for the next submission."""

# ruff: noqa: F821 (each function becomes a submission, behind the imports of frame.py)


def leave_and_look():
    """Files, shared memory, keys, queues: what a test leaves, the next must not find."""
    libc = ctypes.CDLL(None)
    name = TARGET["marker"]
    TRIED.append("look")
    folders = [".", "..", "/tmp", "/dev/shm", "/var/tmp", "/dev/mqueue", os.environ["HOME"]]
    for place in folders:
        for path in glob.glob(f"{place}/**/{name}", recursive=True):
            THROUGH.append(path)
    key = 0x51D0
    if libc.shmget(key, 0, 0) >= 0 or libc.msgget(key, 0) >= 0 or libc.semget(key, 0, 0) >= 0:
        THROUGH.append("System V objects")
    if libc.syscall(249, b"user", name.encode(), None, 0) >= 0:
        THROUGH.append("keys")
    if libc.syscall(240, name.encode(), 0, 0, None) >= 0:
        THROUGH.append("message queues")
    if hasattr(sys.modules["flask"], "left"):
        THROUGH.append("modules")
    for place in folders:
        with contextlib.suppress(OSError):
            hidden = pathlib.Path(tempfile.mkdtemp(dir=place))
            (hidden / name).touch()
            (pathlib.Path(place) / name).touch()
    libc.shmget(key, 4096, 0o1600)
    libc.msgget(key, 0o1600)
    libc.semget(key, 1, 0o1600)
    libc.syscall(248, b"user", name.encode(), b"x", 1, -4)
    libc.syscall(240, name.encode(), 0o102, 0o600, None)
    sys.modules["flask"].left = True


def leave_behind_closed_doors():
    """What cannot be removed must not stay either."""
    TRIED.append("look")
    name = TARGET["marker"]
    folders = ["..", "/tmp", os.environ["HOME"]]
    for place in folders:
        with contextlib.suppress(OSError):
            for path in pathlib.Path(place).iterdir():
                with contextlib.suppress(OSError):
                    path.chmod(0o700)
        THROUGH.extend(glob.glob(f"{place}/**/{name}", recursive=True))
    for place in [*folders, "."]:
        with contextlib.suppress(OSError):
            hidden = pathlib.Path(tempfile.mkdtemp(dir=place))
            (hidden / name).touch()
            hidden.chmod(0)
