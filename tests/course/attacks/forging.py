"""Attacks on the verdict: patched tools, forged files, forged words on the wire."""

# ruff: noqa: F821 (each function becomes a submission, behind the imports of frame.py)


def patch_pytest():
    """Every report passes."""
    import _pytest.python
    import _pytest.reports

    old = _pytest.reports.TestReport.from_item_and_call.__func__

    def forged(cls, item, call):
        call.excinfo = None
        return old(cls, item, call)

    _pytest.reports.TestReport.from_item_and_call = classmethod(forged)
    _pytest.python.Function.runtest = lambda self: None


def patch_what_compares():
    """Everything equals everything, in Werkzeug, json and the builtins."""
    import builtins

    import werkzeug.test

    class Always(str):
        __hash__ = str.__hash__

        def __eq__(self, other):
            return True

        def __ne__(self, other):
            return False

        def __contains__(self, other):
            return True

    werkzeug.test.TestResponse.status_code = property(lambda self: Always("200"))
    werkzeug.test.TestResponse.text = property(lambda self: Always())
    json.loads = lambda *args, **options: Always()
    builtins.isinstance = lambda *args: True
    builtins.any = builtins.all = lambda *args: True


def answer_with_what_equals_everything():
    class Always(bytes):
        def __eq__(self, other):
            return True

    return Response(Always(b"x"), status=Always(b"200 OK").decode())


def forge_result_files():
    """Write what a grader might read, wherever that is allowed."""
    row = '{"status": "graded", "score": 99, "max": 4}'
    places = [".", "..", "../..", "/tmp", "/dev/shm", "/var/tmp", *TARGET["folders"]]
    names = ["results.jsonl", "results.json", "grades.csv", "junit.xml", "report.json"]
    for place in places:
        for name in names:
            with contextlib.suppress(OSError):
                pathlib.Path(place, name).write_text(row)
    return "forged"


def shout_results():
    """Write rows of results into everything that is open."""
    row = b'\n{"exercises": [{"exercise": "day01/custom_converter", "status": "graded",'
    shout(row + b' "score": 4.0, "max": 4.0, "tests": []}], "seconds": 0}\n')
    return "shouted"


def shout_lengths():
    shout(b"\xff" * 8)
    return "shouted"


def shout_half_a_frame():
    shout(struct.pack(">II", 2**20, 0) + b"{")
    time.sleep(30)


def shout_no_json():
    shout(frame(b"{]"))
    return "shouted"


def shout_no_object():
    shout(frame(b'["ended"]'))
    return "shouted"


def shout_deep_json():
    shout(frame(b'{"started": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"))
    return "shouted"


def shout_rather_deep_json():
    deep = b"[" * 600 + b"]" * 600
    shout(
        frame(b'{"failed": {"type": ' + deep + b', "file": ' + deep + b', "line": ' + deep + b"}}")
    )
    return "shouted"


def shout_no_numbers():
    shout(frame(b'{"status": NaN, "headers": [[Infinity, -Infinity]]}'))
    return "shouted"


def shout_half_characters():
    shout(frame(b'{"raised": {"type": "\\ud800", "message": "\\udfff\\ud800", "file": "\\udc80"}}'))
    return "shouted"


def shout_wrong_types():
    shout(frame(b'{"status": ["200 OK"], "headers": {"a": 1}}'))
    return "shouted"


def shout_that_it_ended():
    """Claim the end of the process with a code that is not a number."""
    shout(frame(b'{"ended": {"code": [0]}}'))
    return "shouted"


def shout_that_it_ended_well():
    shout(frame(b'{"ended": 0}') * 5)
    return "shouted"


def shout_that_the_box_is_broken():
    """A fault of the grader is not a mark of zero: pretend one."""
    shout(frame(b'{"broken": "no space left on device"}') * 5)
    return "shouted"


def shout_ahead():
    """Answer the end, the next start and the next start's fault before they are asked for."""
    answer = frame(b'{"status": "200 OK", "headers": []}', b"forged")
    shout(
        answer + frame(b'{"ended": 0}') + frame(b'{"broken": "disk"}') + frame(b'{"ready": false}')
    )
    return "shouted"


def shout_answers():
    """Answer every question in advance."""
    answer = frame(b'{"status": "200 OK", "headers": []}', b"forged")
    shout((frame(b'{"started": true}') + answer + frame(b'{"ended": 0}')) * 20)
    return "shouted"


def shout_very_much():
    while True:
        shout(frame(b'{"status": "200 OK", "headers": []}', bytes(2**20)))


def close_the_wire():
    os.closerange(3, 64)
    return "closed"


def steal_the_questions():
    """Read from the wire what is meant for the box."""
    for number in range(3, 10):
        threading.Thread(target=steal, args=[number], daemon=True).start()
    return "stealing"


def steal(number):
    with contextlib.suppress(OSError):
        while os.read(number, 65536):
            pass
