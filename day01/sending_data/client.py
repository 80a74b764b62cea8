"""Send data to the lesson in all eight ways, and print what crosses the wire.

Start the lesson in one terminal and this in another. Lines with ``>`` are sent, lines with ``<``
come back. It is a program of its own that knows of the lesson only its addresses.

Run it: python -m day01.sending_data.client [base-url]
"""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

import requests

POSTCARD = Path(__file__).with_name("postcard.txt")

ERRANDS = [
    ("In the path", "GET", "goods/7", {}),
    ("In the query string", "GET", "search", {"params": {"word": "tea", "size": [1, 2]}}),
    ("In a header", "GET", "header", {"headers": {"X-Token": "open sesame"}}),
    ("In a cookie", "GET", "cookie", {"cookies": {"theme": "dark"}}),
    ("In a form", "POST", "form", {"data": {"name": "Ann", "drink": "tea"}}),
    ("As JSON", "POST", "json", {"json": {"name": "Ann", "cups": 2}}),
    (
        "As XML",
        "POST",
        "xml",
        {
            "data": "<order><drink>tea</drink><cups>2</cups></order>",
            "headers": {"Content-Type": "application/xml"},
        },
    ),
    (
        "As a file",
        "POST",
        "files",
        {
            "data": {"to": "Ann"},
            "files": {"file": (POSTCARD.name, POSTCARD.read_bytes(), "text/plain")},
        },
    ),
]

HELP = "where the lesson listens (%(default)s)"

NOT_RUNNING = """\
No lesson answers at {base}. Start it in another terminal and try again:

    flask --app day01.sending_data.app run --debug

If it listens somewhere else, say where:

    python -m day01.sending_data.client http://127.0.0.1:5001
"""


def main(argv: list[str] | None = None) -> int:
    """Send everything and return the exit code: 0 when every request was accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m day01.sending_data.client", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "base", nargs="?", default="http://127.0.0.1:5000", metavar="base-url", help=HELP
    )
    base = parser.parse_args(argv).base.rstrip("/")
    refused = 0
    with requests.Session() as session:
        # A proxy named in the environment would look for 127.0.0.1 on its own machine.
        session.trust_env = False
        for title, method, path, data in ERRANDS:
            try:
                answer = session.request(
                    method, f"{base}/{path}", timeout=10, allow_redirects=False, **data
                )
            except ValueError:
                print(f"{base!r} is no address. Write http://127.0.0.1:5000.", file=sys.stderr)
                return 1
            except requests.RequestException:
                print(NOT_RUNNING.format(base=base), end="", file=sys.stderr)
                return 1
            print(f"== {title} ==\n")
            show_request(answer.request)
            show_answer(answer)
            refused += answer.status_code != 200
    if refused:
        print(f"{refused} requests were refused. Is this the lesson at {base}?", file=sys.stderr)
    return 1 if refused else 0


def show_request(request: requests.PreparedRequest) -> None:
    """Print a request as it was sent. Host is added below requests, so it is added here too."""
    head = [
        f"{request.method} {request.path_url} HTTP/1.1",
        f"Host: {urlsplit(request.url).netloc}",
    ]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    body = request.body or b""
    show(">", head, body.encode() if isinstance(body, str) else body)


def show_answer(answer: requests.Response) -> None:
    """Print an answer as it came; ``raw`` keeps headers apart that carry the same name."""
    head = [f"HTTP/{answer.raw.version / 10} {answer.status_code} {answer.reason}"]
    head += [f"{name}: {value}" for name, value in answer.raw.headers.items()]
    show("<", head, answer.content)


def show(mark: str, head: list[str], body: bytes) -> None:
    """Print a message: head, empty line, body, with a dot for what no terminal should be sent."""
    for line in [*head, "", *body.decode("utf-8", "backslashreplace").splitlines()]:
        readable = "".join(c if c.isprintable() else "." for c in line)
        print(f"{mark} {readable}".rstrip())
    print()


if __name__ == "__main__":
    sys.exit(main())
