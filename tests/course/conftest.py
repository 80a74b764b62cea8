"""A small course in a temporary folder, for tests that break lessons."""

import sys
import textwrap

import pytest

from course.reader import create_reader

HELLO = """
import os
from pathlib import Path

from flask import Flask, redirect, render_template, request, session, url_for

app = Flask(__name__)
app.config["SECRET_KEY"] = "of this test"


@app.get("/")
def index():
    return "hello"


@app.get("/count")
def count():
    session["n"] = session.get("n", 0) + 1
    return str(session["n"])


@app.get("/where")
def where():
    return redirect(url_for("index"))


@app.get("/boom")
def boom():
    return 1 // 0


@app.get("/page")
def page():
    return render_template("page.html")


@app.post("/size")
def size():
    return str(len(request.get_data()))
"""

HELLO_NOTES = """
# Hello notes

Say <script>hello</script> & 你好.

## Try it

```console
$ flask --app day91.hello.app run
$ curl http://127.0.0.1:5000/
hello
$ curl -b jar -c jar http://127.0.0.1:5000/count
1
```

See [the other](../other/README.md), [its code](../other/app.py) and the [day](../README.md).
"""

FILES = {
    "README.md": """
        # A course

        1. [Day 91: Small](day91/README.md): the first.
        """,
    "day91/__init__.py": "",
    "day91/README.md": """
        # Day 91: Small

        1. [Hello notes](hello/README.md)
        2. [Other](other/README.md)
        """,
    "day91/hello/__init__.py": "",
    "day91/hello/app.py": HELLO,
    "day91/hello/README.md": HELLO_NOTES,
    "day91/hello/templates/page.html": "<p>one</p>\n",
    "day91/hello/static/dot.png": "\x89PNG",
    "day91/other/__init__.py": "",
    "day91/other/helper.py": "WORD = 'first'\n",
    "day91/other/app.py": """
        from flask import Flask, session
        from day91.other import helper

        app = Flask(__name__)
        app.config["SECRET_KEY"] = "of this test"


        @app.get("/")
        def index():
            session["other"] = True
            return helper.WORD
        """,
    "day91/other/README.md": "# Other\n\nThe zebra is elsewhere: 转换器.\n",
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Give the folder of a course with two lessons, importable while the test runs."""
    root = tmp_path / "root"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), "utf-8")
    monkeypatch.syspath_prepend(root)
    yield root
    for name in [name for name in sys.modules if name.split(".")[0] == "day91"]:
        del sys.modules[name]


@pytest.fixture
def reader(course):
    """Give a client of a reader that asks for no token and runs lessons in this process."""
    return create_reader(course, token=None).test_client()
