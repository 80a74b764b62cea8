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
