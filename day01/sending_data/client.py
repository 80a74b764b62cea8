"""Send data to the lesson in all eight ways, and print each request and response.

Start the lesson in one terminal and this program in another. Lines with ``>`` are sent, lines with
``<`` come back. The program uses nothing of the lesson but its URLs.

Run it: python -m day01.sending_data.client [base-url]
"""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

import requests

POSTCARD = Path(__file__).with_name("postcard.txt")

EXAMPLES = [
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
No lesson listens at {base}. Start it in another terminal and try again:

    flask --app day01.sending_data.app run --debug

If it listens somewhere else, say where:

    python -m day01.sending_data.client http://127.0.0.1:5001
"""


def main(argv: list[str] | None = None) -> int:
    """Send everything and return the exit code: 0 if every request was accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m day01.sending_data.client", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "base", nargs="?", default="http://127.0.0.1:5000", metavar="base-url", help=HELP
    )
    base = parser.parse_args(argv).base.rstrip("/")
    refused = 0
    with requests.Session() as session:
        # A proxy from the environment would look for 127.0.0.1 on its own machine.
        session.trust_env = False
        for title, method, path, data in EXAMPLES:
            try:
                response = session.request(
                    method, f"{base}/{path}", timeout=10, allow_redirects=False, **data
                )
            except ValueError:
                print(f"{base!r} is not a URL. Write http://127.0.0.1:5000.", file=sys.stderr)
                return 1
            except requests.RequestException:
                print(NOT_RUNNING.format(base=base), end="", file=sys.stderr)
                return 1
            print(f"== {title} ==\n")
            show_request(response.request)
            show_response(response)
            refused += response.status_code != 200
    if refused:
        print(f"{refused} requests were refused. Is this the lesson at {base}?", file=sys.stderr)
    return 1 if refused else 0


def show_request(request: requests.PreparedRequest) -> None:
    """Print a request as it was sent; ``Host`` is added here, as requests adds it only later."""
    head = [
        f"{request.method} {request.path_url} HTTP/1.1",
        f"Host: {urlsplit(request.url).netloc}",
    ]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    body = request.body or b""
    show(">", head, body.encode() if isinstance(body, str) else body)


def show_response(response: requests.Response) -> None:
    """Print a response as it came; ``raw`` keeps headers of the same name apart."""
    head = [f"HTTP/{response.raw.version / 10} {response.status_code} {response.reason}"]
    head += [f"{name}: {value}" for name, value in response.raw.headers.items()]
    show("<", head, response.content)


def show(mark: str, head: list[str], body: bytes) -> None:
    """Print head, empty line and body, with a dot in place of each control character."""
    for line in [*head, "", *body.decode("utf-8", "backslashreplace").splitlines()]:
        readable = "".join(c if c.isprintable() else "." for c in line)
        print(f"{mark} {readable}".rstrip())
    print()


if __name__ == "__main__":
    sys.exit(main())
