"""Attacks on people who read: terminal escapes, markup, formulas, lengths in what an app says."""

# ruff: noqa: F821 (each function becomes a submission, behind the imports of frame.py)


def raise_at_import():
    """An exception whose name and message are attacks themselves."""
    name = "=cmd()|'/C calc'!A0\x1b]0;owned\x07\n[red]forged[/red]<script>alert(1)</script>"
    raise type(name, (Exception,), {})(f"{name} {'`' * 50} \u202e \ud800 {'x' * 5_000_000}")


def raise_in_a_request():
    name = "\x1b[2J[bold]=cmd()\r<script>alert(1)</script>"

    class Loud(BaseException):
        def __str__(self):
            return f"{name}\n" * 100_000

    Loud.__name__ = name
    raise Loud


def print_in_a_request():
    print("\x1b[2J\x1b]0;owned\x07[red]=cmd()", "\n# forged\n```\n" * 10_000, file=sys.stderr)
    sys.stderr.flush()
    os._exit(0)


def answer_with_words():
    words = "\x1b[31m=cmd()\x07\r\n[red]<script>alert(1)</script>\u202e\x00```\n# forged"
    return Response(words * 1000, "418 [red]", headers={"X": "=cmd()"})


def answer_with_forged_notes():
    """What the app's process notes for the messages is an attack, too."""
    from course.grading.sandbox import witness

    words = "\x1b[31m=cmd()\x07\r\n[red]<script>alert(1)</script>\u202e\x00```\n# forged"
    place = {"role": words, "name": words, "file": f"exercise{words}", "line": 1}
    frames = [[f"exercise{words}", 1, words]] * 50_000
    witness.Witness.notes = lambda self, error=None: {
        "hook": place,
        "answered": place,
        "functions": [place] * 1000,
        "raised": {"type": words, "message": words * 1000, "frames": frames, "status": words},
        "rules": [[words, [words] * 1000, words]] * 1000,
    }
    return words, 418
