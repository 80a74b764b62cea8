"""Attacks on time, memory, processes, disk and patience."""

# ruff: noqa: F821 (each function becomes a submission, behind the imports of frame.py)


def fork_at_import():
    """Bounded, so that a missing limit costs a failed test and not the machine."""
    for _ in range(400):
        if os.fork() == 0:
            time.sleep(60)


def fork_in_a_request():
    count = 0
    with contextlib.suppress(OSError):
        while count < 400:
            if os.fork() == 0:
                time.sleep(60)
            count += 1
    return f"{count} forks" if count <= 16 else f"{count} forks, THROUGH"


def start_threads():
    count = 0
    with contextlib.suppress(RuntimeError, MemoryError):
        while count < 400:
            threading.Thread(target=time.sleep, args=[60], daemon=True).start()
            count += 1
    return f"{count} threads" if count <= 16 else f"{count} threads, THROUGH"


def take_memory():
    taken = []
    try:
        while len(taken) < 64:
            taken.append(b"x" * 2**24)
    except MemoryError:
        count = len(taken)
        del taken
        return f"{count * 16} MB"
    return "THROUGH"


def take_memory_at_import():
    bytearray(2**31)


def take_memory_outside_the_limit():
    """Files in memory count for no process."""
    libc = ctypes.CDLL(None)
    attempt("memory file", lambda: os.memfd_create("x"))
    for _ in range(4):
        TRIED.append("shared memory")
        if libc.shmget(0, 2**20, 0o1600) >= 0:
            THROUGH.append("shared memory")


def print_without_end():
    for _ in range(200):
        with contextlib.suppress(OSError):
            sys.stdout.write("x" * 2**20 + "\n")
        with contextlib.suppress(OSError):
            os.write(2, b"y" * 2**20)
    return "printed"


def answer_too_much():
    return b"x" * (9 * 2**20)


def answer_without_end():
    return Response(b"x" * 65536 for _ in iter(int, 1))


def answer_nothing_without_end():
    return Response(b"" for _ in iter(int, 1))


def answer_with_huge_headers():
    return Response("", headers=[("X", "x" * 2**21)])


def answer_with_many_headers():
    return Response("", 418, headers=[(f"X-{n}", "x") for n in range(20000)])


def answer_with_a_huge_status():
    return Response("", f"418 {'x' * 900_000}")


def answer_with_a_huge_location():
    return Response("", 418, headers={"Location": "x" * 900_000})


def answer_with_hostile_cookies():
    return Response(
        "",
        418,
        headers=[
            ("Set-Cookie", value)
            for value in (
                "a=b; Max-Age=99999999999999999999999",
                "a=b; Expires=Fri, 31 Dec 9999999 23:59:59 GMT",
                "=;;;=",
                "a" * 5000,
                "\xff=\xff; Domain=\xff; Path=\xff",
            )
        ],
    )


def answer_with_deep_json():
    return Response("[" * 4_000_000, 200, content_type="application/json")


def answer_with_many_lines():
    """Comparing takes a thousand times as long as answering."""
    return Response("\n".join(f"line {n} of many, almost alike" for n in range(200_000)), 200)


def answer_what_takes_long_to_search():
    """A test's pattern looks for the end that never comes, from each beginning anew."""
    return Response("<b>" * 2_000_000, 200)


def redirect_without_end():
    here = int(request.path.rpartition("/")[2] or 0) if request.path.startswith("/r/") else 0
    return redirect(f"/r/{here + 1}")


def redirect_with_much_luggage():
    here = int(request.path.rpartition("/")[2] or 0) if request.path.startswith("/r/") else 0
    return Response(bytes(4 * 2**20), 302, headers={"Location": f"/r/{here + 1}"})


def loop_at_import():
    while True:
        pass


def loop_deafly_at_import():
    deafen()
    while True:
        pass


def loop_in_a_request():
    while True:
        pass


def loop_deafly_in_a_request():
    deafen()
    while True:
        try:
            while True:
                time.sleep(0.01)
        except BaseException:  # noqa: BLE001, S112
            continue


def deafen():
    faulthandler.cancel_dump_traceback_later()
    faulthandler.dump_traceback_later = lambda *args, **options: None
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)


def burn_in_many_processes():
    for _ in range(10):
        if os.fork() == 0:
            deafen()
            while True:
                pass
    return "burning"


def outlive():
    """Double fork, new sessions, all signals ignored, the wire kept open."""
    TRIED.append("find those of the test before")
    if len(glob.glob("/proc/[0-9]*")) > 2:
        THROUGH.append("processes of the test before")
    for _ in range(3):
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.setsid()
            deafen()
            while True:
                time.sleep(0.2)
                shout(frame(b'{"status": "200 OK", "headers": []}', b"from a daemon"))
        wait_for(child)
    return "daemons left"


def outlive_by_name():
    """Another program than Python, in another session."""
    subprocess.Popen(["/usr/bin/sleep", "4711"], start_new_session=True)
    return "sleeper left"


def fill_the_disk():
    """And leave what cannot be removed: folders without rights, deeper than any path."""
    for place in (".", "/tmp", "/dev/shm", "..", os.environ["HOME"]):
        size = 0
        with contextlib.suppress(OSError):
            folder = pathlib.Path(tempfile.mkdtemp(dir=place))
            while size < 300:
                (folder / str(size)).write_bytes(bytes(2**20))
                size += 1
            folder.chmod(0)
        if size > 64:
            THROUGH.append(f"{size} MB in {place}")
    TRIED.append("fill")
    deep = pathlib.Path("deep")
    deep.mkdir()


def leave_deep_folders():
    here = os.getcwd()
    with contextlib.suppress(OSError):
        for _ in range(3000):
            os.mkdir("d" * 50)
            os.chdir("d" * 50)
    os.mkdir("closed", 0)
    os.chdir(here)
    os.chmod(here, 0)
    return "deep"


def leave_many_files():
    count = 0
    begun = time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - begun < 0.5:
            open(f"empty{count}", "w").close()
            count += 1
    return f"{count} files"


def open_many_files():
    opened = []
    with contextlib.suppress(OSError):
        while len(opened) < 5000:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    for number in opened:
        os.close(number)
    return f"{len(opened)} files" if len(opened) < 64 else "THROUGH"
