"""Attacks on the box's own world: namespaces, sockets, descriptors, the process that made it."""

# ruff: noqa: F821, SIM115 (each function becomes a submission, behind the imports of frame.py)


def find_what_was_inherited():
    """One socket, the output and nothing else is open."""
    TRIED.append("look")
    kinds = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")[:-1]]
    sockets = [kind for kind in kinds if kind.startswith("socket:")]
    other = [k for k in kinds if not k.startswith(("socket:", "/dev/null", "/memfd:output"))]
    if len(sockets) > 1 or other:
        THROUGH.append(f"{sockets} {other}")


def list_what_the_first_process_has():
    for name in ("fd", "fdinfo", "map_files"):
        attempt(f"list {name}", lambda name=name: os.listdir(f"/proc/1/{name}")[0])
    for name in ("maps", "mem", "environ", "syscall", "stack", "io", "auxv"):
        attempt(f"read {name}", lambda name=name: open(f"/proc/1/{name}", "rb").read(1)[0])
    for name in ("cwd", "root", "exe"):
        attempt(f"follow {name}", os.readlink, f"/proc/1/{name}")


def take_descriptors_of_the_first_process():
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = libc.syscall(434, 1, 0)
    for number in range(20):
        attempt(f"take {number}", lambda number=number: expect(libc.syscall(438, pidfd, number, 0)))


def expect(result):
    assert result >= 0


def end_the_first_process():
    """By its pidfd and by its limits; the box lives on, or another one takes its place."""
    import resource

    if not alone():
        THROUGH.append("the machine's first process is seen")
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(424, libc.syscall(434, 1, 0), 9, None, 0)
    for name in ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_NOFILE", "RLIMIT_NPROC"):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(1, getattr(resource, name), (0, 0))


def order_an_end():
    """What the judge says to the first process, said by the app."""
    for order in (b'{"end": true, "keep": true, "dead": false}', b'{"ended": 0}', b'{"ready": 1}'):
        shout(frame(order) * 3)


def hold_the_end():
    """Find the other side of the box in the frames of its callers, and answer for it."""
    here = sys._getframe()
    while here:
        for thing in here.f_locals.values():
            for name in ("control", "_reports", "first", "judge"):
                wire = getattr(thing, name, None)
                with contextlib.suppress(BaseException):
                    wire.send({"ended": 0})
                    THROUGH.append(f"{name} is open")
        here = here.f_back
    TRIED.append("frames")


def send_descriptors_to_the_judge():
    """Fill its table of open files."""
    spare = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
    for number in range(3, 10):
        with contextlib.suppress(OSError):
            line = socket.socket(fileno=os.dup(number))
            for _ in range(200):
                socket.send_fds(line, [b""], spare, socket.MSG_DONTWAIT)
                socket.send_fds(line, [b"x"], spare, socket.MSG_DONTWAIT)


def meet_in_an_abstract_socket():
    """A name that the next box or the next test would know."""
    name = "\0" + TARGET["marker"]
    attempt("connect", socket.socket(socket.AF_UNIX).connect, name)
    meeting = socket.socket(socket.AF_UNIX)
    meeting.bind(name)
    meeting.listen()
    if os.fork() == 0:
        time.sleep(30)


def answer_for_the_next_app():
    """A daemon keeps this app's connection open and answers all that comes."""
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        deafen()
        answer = frame(b'{"status": "200 OK", "headers": []}', b'{"n": 42}')
        for _ in range(1000):
            shout(frame(b'{"started": true}') + answer)
            time.sleep(0.01)
    return "daemon left"


def deafen():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)


def answer_twice():
    """The second response is there before the second question."""
    shout(frame(b'{"status": "200 OK", "headers": []}', b"forged") * 2)


def join_other_namespaces():
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("mnt", "net", "pid", "ipc", "uts", "user"):
        attempt(
            f"join {name}",
            lambda name=name: expect(libc.setns(os.open(f"/proc/1/ns/{name}", os.O_RDONLY), 0)),
        )


def mount_in_new_ways():
    libc = ctypes.CDLL(None, use_errno=True)

    def call(*args):
        expect(libc.syscall(*args))

    attempt("mount", lambda: expect(libc.mount(b"none", b".", b"tmpfs", 0, None)))
    attempt("bind", lambda: expect(libc.mount(b"/usr", b".", None, 4096, None)))
    attempt("remount", lambda: expect(libc.mount(None, b"/", None, 32 | 4096, None)))
    attempt("unmount", lambda: expect(libc.umount2(b"/.six-days/course", 2)))
    attempt("open_tree", call, 428, -100, b"/", 1)
    attempt("fsopen", call, 430, b"tmpfs", 0)
    attempt("fspick", call, 433, -100, b"/", 0)
    attempt("mount_setattr", call, 442, -100, b"/", 0, ctypes.create_string_buffer(32), 32)
    attempt("move_mount", call, 429, -100, b"/usr", -100, b"/tmp", 0)
    attempt("pivot_root", call, 155, b".", b".")
    attempt("chroot", os.chroot, ".")


def make_worlds():
    libc = ctypes.CDLL(None, use_errno=True)
    for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000, 0x2000000):
        attempt(f"unshare {flag:#x}", lambda flag=flag: expect(libc.unshare(flag)))
        attempt(f"clone {flag:#x}", lambda flag=flag: clone(libc, flag))
    attempt("unshare time", lambda: expect(libc.unshare(128)))
    arguments = (ctypes.c_uint64 * 11)(0x10000000)
    attempt("clone3", lambda: expect(libc.syscall(435, arguments, 88)))


def clone(libc, flag):
    pid = libc.syscall(56, flag | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    expect(pid)


def use_rare_calls():
    """Calls with a history of holes, which no web app needs."""
    libc = ctypes.CDLL(None, use_errno=True)
    block = ctypes.create_string_buffer(256)
    calls = {
        "io_uring_setup": (425, 4, block),
        "bpf": (321, 5, block, 64),
        "userfaultfd": (323, 1),
        "perf_event_open": (298, block, 0, -1, -1, 0),
        "keyctl": (250, 0, -3, 1),
        "memfd_create": (319, b"x", 0),
        "process_vm_readv": (310, 1, block, 1, block, 1, 0),
        "ptrace": (101, 0x4206, 1, 0, 0),
        "kcmp": (312, 1, os.getpid(), 0, 0, 0),
        "open_by_handle_at": (304, -100, block, 0),
        "init_module": (175, block, 16, b""),
        "kexec_load": (246, 0, 0, block, 0),
        "process_madvise": (440, -1, block, 1, 4, 0),
        "swapon": (167, b"x", 0),
        "syslog": (103, 3, block, 256),
        "shmget": (29, 0, 4096, 0o1600),
        "mq_open": (240, b"x", 0o102, 0o600, None),
    }
    for name, call in calls.items():
        attempt(name, lambda call=call: expect(libc.syscall(*call)))


def have_rights():
    """No capability, nothing to gain by exec, the filter on, a user that is not root."""
    TRIED.append("look")
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    state = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        if int(state[name], 16):
            THROUGH.append(f"{name} {state[name]}")
    if state["NoNewPrivs"] != "1" or state["Seccomp"] != "2" or os.getuid() == 0:
        THROUGH.append(f"{state['NoNewPrivs']} {state['Seccomp']} {os.getuid()}")
    if TARGET["uid"] == 0 and int(state["CapBnd"], 16) & ~0b11101010:
        THROUGH.append(f"CapBnd {state['CapBnd']}")


def set_the_kernel():
    for name in ("kernel/core_pattern", "kernel/ns_last_pid", "kernel/hostname", "vm/drop_caches"):
        attempt(name, write_now, f"/proc/sys/{name}")
    attempt("hostname", socket.sethostname, "mine")
    attempt("oom", write_now, "/proc/1/oom_score_adj")


def write_now(path):
    number = os.open(path, os.O_WRONLY)
    os.write(number, b"1000")


def fill_the_inodes():
    count = 0
    with contextlib.suppress(OSError):
        while count < 60_000:
            os.close(os.open(f"e{count}", os.O_CREAT | os.O_WRONLY))
            count += 1
    return f"{count} files" if count <= 20_000 else f"{count} files, THROUGH"


def swap_the_folder():
    """The folder that is tidied up becomes a link to what must stay."""
    here = os.getcwd()
    os.rename(here, f"{here}-old")
    os.symlink("/.six-days/course", here)
    if not os.listdir("/.six-days/course"):
        THROUGH.append("the lessons are gone")
    TRIED.append("swap")


def change_the_lessons():
    """Modules of other lessons are the same for all submissions."""
    for path in pathlib.Path("/.six-days/course").rglob("*"):
        if path.is_dir():
            attempt(f"write into {path}", (path / "x").write_text, "x")
        else:
            attempt(f"write {path}", path.write_text, "x")
            attempt(f"delete {path}", path.unlink)
    attempt("time", os.utime, "/.six-days/course")


def read_more_than_lessons():
    """Solutions, other exercises and notes are not lessons."""
    TRIED.append("look")
    for path in pathlib.Path("/.six-days").rglob("*"):
        if path.name in {"exercise.py", "solution.py", "README.md"} and "work" not in path.parts:
            THROUGH.append(str(path))


def run_at_exit():
    """Handlers of the end of the process do not hold it."""
    import atexit

    atexit.register(time.sleep, 60)
    threading._register_atexit(time.sleep, 60)
    threading.Thread(target=time.sleep, args=[60]).start()
    return "handlers registered"


def block_signals_in_a_request():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    faulthandler.cancel_dump_traceback_later()
    time.sleep(60)


def flood_at_import():
    """The output is full before the first test."""
    for number in (1, 2):
        with contextlib.suppress(OSError):
            for _ in range(30):
                os.write(number, b"x" * 2**20)
    os.ftruncate(1, 0)


def grow_the_output():
    """Make the file of the output larger than its limit, or keep it from being read."""
    attempt("grow", os.truncate, "/proc/self/fd/1", 2**34)
    libc = ctypes.CDLL(None, use_errno=True)
    attempt("seal", lambda: expect(libc.fcntl(1, 1033, 2)))


def fork_bomb_at_import():
    """As many as there can be, each of which forks again."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            os.fork()


def kill_whoever_is_there():
    if not alone():
        return "the machine's first process is seen, THROUGH"
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(path.rpartition("/")[2])
        if pid != os.getpid():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    return "killed"


def report_for_the_import():
    """The words by which a shared import tells of its forks, said by an app."""
    for letter, number in ((b"f", 1), (b"e", 0), (b"a", 0), (b"f", os.getppid()), (b"e", 2**30)):
        shout(struct.pack("!ci", letter, number) * 10)


def remember_over_forks():
    """Memory that the forks of one import share: what a test sent, the next one returns."""
    import mmap

    if "memory" not in globals():
        globals()["memory"] = mmap.mmap(-1, 4096)
    memory.write(request.path.encode()[:100])
    return "remembered"
