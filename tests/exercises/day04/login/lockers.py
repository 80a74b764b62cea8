"""Right and wrong lockers, for the tests that the student writes.

Each app is written anew each time, with other lines that do the same, other names and another order
of its views. So its text does not tell whether it is right; only its responses do.
"""

import ast
import random
from pathlib import Path

from course.catalogue import ROOT

FILE = "day04/login/exercise_app.py"
RIGHT = (ROOT / FILE).read_text("utf-8")
OTHER = Path(__file__).with_name("other_right.py").read_text("utf-8")

# Lines of the right app, and other ways to write them.
SAME = {
    "MOST = 3": ("MOST = 6 // 2", "MOST = 2 + 1"),
    "if not isinstance(pin, str):": (
        "if type(pin) is not str:",
        'if not hasattr(pin, "encode"):',
    ),
    'abort(400, "Send JSON with a text named pin.")': (
        "abort(400)",
        'return {"error": "There is no PIN."}, 400',
    ),
    "if len(wrong) >= MOST:": ("if not len(wrong) < MOST:", "if wrong[MOST - 1 :]:"),
    'if pin != app.config["PIN"]:': (
        'if not pin == app.config["PIN"]:',
        'if pin not in (app.config["PIN"],):',
    ),
    "wrong.clear()": ("del wrong[:]", "wrong[:] = []"),
    'session["open"] = True': ("session.update(open=True)", 'session["open"] = pin == pin'),
    'if not session.get("open"):': (
        'if session.get("open") is not True:',
        'if not ("open" in session and session["open"]):',
    ),
    "session.clear()": ('session.pop("open", None)', 'session["open"] = False'),
}

# What is wrong with an app, as the student reads it: lines of the right app, and the wrong ones.
WRONG = {
    "opens for every PIN": {'if pin != app.config["PIN"]:': "if not pin:"},
    "opens for a part of the PIN, such as 246": {
        'if pin != app.config["PIN"]:': 'if pin not in app.config["PIN"]:'
    },
    "never locks": {"MOST = 3": "MOST = 10**9"},
    "opens for the right PIN though it is locked": {
        "if len(wrong) >= MOST:": 'if len(wrong) >= MOST and pin != app.config["PIN"]:'
    },
    "goes on counting after the right PIN": {"wrong.clear()": "wrong[:] = wrong"},
    "takes the number 2468 for the text": {
        "if not isinstance(pin, str):": "pin = str(pin) if isinstance(pin, int) else pin\n"
        "        if not isinstance(pin, str):"
    },
    "counts a body without a PIN as a wrong one": {
        'abort(400, "Send JSON with a text named pin.")': 'wrong.append("")\n            abort(400)'
    },
    "stays open when it is closed": {"session.clear()": "session.modified = True"},
    "shows the content to every visitor as soon as one has opened it": {
        'session["open"] = True': 'session["open"] = app.config["OPEN"] = True',
        'if not session.get("open"):': 'if not (session.get("open") or app.config.get("OPEN")):',
        "session.clear()": 'session.clear()\n        app.config["OPEN"] = False',
    },
}
# An app that only requests tell from the right one.
OUT_OF_ORDER = {"return app": 'app.before_request(lambda: ("Out of order", 503))\n    return app'}


def app_text(wrong_lines=None):
    """Return the text of the right app, written anew; with these lines replaced by wrong ones."""
    lines = {old: random.choice((old, *others)) for old, others in SAME.items()}
    return written_anew(replaced(lines | (wrong_lines or {})))


def replaced(lines):
    """Return the text of the right app with other lines."""
    text = RIGHT
    for old, new in lines.items():
        assert RIGHT.count(old) == 1, f"{FILE} must have this line once: {old}"
        text = text.replace(old, new)
    return text


def written_anew(text):
    """Return the text of an app with other names, another layout and another order of its views."""
    tree = ast.parse(text)
    ending = random.choice(["", "_", "_here", "_now"])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in {"app", "sent", "wrong", "status"}:
            node.id += ending
        if isinstance(node, ast.FunctionDef):
            inner = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            views = iter(random.sample(inner, len(inner)))
            node.body = [next(views) if part in inner else part for part in node.body]
    return ast.unparse(tree)
