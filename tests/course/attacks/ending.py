"""Attacks that end the process, crash it, or raise what no one expects."""

# ruff: noqa: F821 (each function becomes a submission, behind the imports of frame.py)


def exit_at_import():
    os._exit(0)


def exit_politely_at_import():
    sys.exit(0)


def exit_in_a_request():
    os._exit(0)


def raise_exit_in_a_request():
    sys.exit(0)


def exit_between_requests():
    threading.Timer(0.05, os._exit, [0]).start()
    return "soon"


def exit_never():
    """The end of the process does not end it."""
    os._exit = lambda code: time.sleep(60)
    return "os._exit patched"


def segfault_at_import():
    ctypes.string_at(0)


def segfault_in_a_request():
    ctypes.string_at(0)


def kill_itself_in_a_request():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_its_group_in_a_request():
    os.killpg(0, signal.SIGKILL)


def recurse_in_python():
    return recurse_in_python()


def recurse_over_the_stack():
    sys.setrecursionlimit(10**9)

    class Deep:
        def __getattr__(self, name):
            return getattr(Deep(), name)

    return Deep().x


def import_itself_in_circles():
    """Each import begins the next one."""
    for n in range(3000):
        pathlib.Path(f"circle{n}.py").write_text(f"import circle{n + 1}")
    pathlib.Path("circle3000.py").write_text("import circle0")
    sys.setrecursionlimit(10**6)
    import circle0  # noqa: F401


def raise_what_cannot_be_told():
    """Describing the exception raises again."""

    class Untold(BaseException):
        def __str__(self):
            raise SystemExit(0)

        __repr__ = __str__

    raise Untold


def raise_what_is_no_text():
    error = ImportError("x")
    error.name = error.path = object()
    raise error


def raise_endlessly_chained():
    error = None
    for _ in range(20000):
        new = ValueError("again")
        new.__cause__ = error
        error = new
    raise error


def raise_through_the_server():
    """The answer fails after it has begun."""

    def chunks():
        yield b"begun"
        raise KeyboardInterrupt

    return Response(chunks())
