"""``course build``: the reader's pages as files, so that any host of static files can show them.

The pages come from the reader itself, asked by its test client, link after link. Only their links
are changed: each becomes relative, so the site can be below any path.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urldefrag, urlencode, urljoin, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from course import catalogue
from course.reader import create_reader
from course.reader.search import everything
from course.site.bundle import BundleError, bundle, write_service_worker

MARKER = "site.json"
"""The file that tells an earlier build from a folder of someone's own."""

_OWN = Path(__file__).parent / "static"
_TAG = re.compile(r"<(?:a|div|form|iframe|img|link|script)\b[^<>]*>")
_LINK = re.compile(r'(?<=\s)(href|src|action|data-run)="([^"]*)"')
_LOCAL = "http://127.0.0.1"
_POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'"
_POLICY_LIVE = f"{_POLICY}; script-src 'self' 'wasm-unsafe-eval'"


class SiteError(Exception):
    """The site cannot be built; the message says why, and what to do."""


@dataclass(frozen=True)
class Site:
    """What was built."""

    folder: Path
    pages: int
    size: int  # bytes


def build(out: Path, root: Path = catalogue.ROOT, *, live: bool = False) -> Site:
    """Write the site to the folder ``out``; raises ``SiteError``.

    A folder with other files is left alone. An earlier build is replaced when the new one is whole.
    """
    out = out.absolute()
    _refuse_foreign(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".site-", dir=out.parent) as name:
            new = Path(name) / "site"
            pages = _write(new, root.resolve(), live=live)
            for old in out.iterdir():
                shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
            for each in new.iterdir():
                shutil.move(each, out / each.name)
    except BundleError as error:
        raise SiteError(str(error)) from None
    except OSError as error:
        raise SiteError(f"{error.filename or out}: {error.strerror}.") from None
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return Site(out, pages, size)


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise SiteError(f"{out} is a file. Name a folder that is new or empty.")
    if any(out.iterdir()) and not (out / MARKER).is_file():
        raise SiteError(
            f"{out} has files that are not an earlier build of the site ({MARKER} is missing). "
            "Nothing was written. Name a folder that is new or empty."
        )


def _write(out: Path, root: Path, *, live: bool) -> int:
    kind = "live" if live else "plain"
    # Progress and first versions of files are the builder's own: the site begins without them.
    with tempfile.TemporaryDirectory() as instance:
        reader = create_reader(root, token=None, instance=Path(instance), site=kind)
        reader.config["SITE_POLICY"] = _POLICY_LIVE if live else _POLICY
        pages = _Pages(reader, out)
        pages.follow("/")
        if live:
            trials = reader.config["TRIALS"] = bundle(out, root)
            failing = [f"/{lesson}/" for lesson, each in trials.items() if each["failed"]]
            pages.renew(["/where/", *failing])
        pages.write()
    shutil.copytree(str(reader.static_folder), out / "static", dirs_exist_ok=True)
    shutil.copytree(_OWN / kind, out / "static", dirs_exist_ok=True)
    shutil.copy(_OWN / "404.html", out / "404.html")
    (out / "search.json").write_text(_search_data(root), "utf-8")
    about = {"course": "Flask in six days", "kind": kind, "pages": len(pages.html)}
    (out / MARKER).write_text(json.dumps(about) + "\n", "utf-8")
    (out / ".nojekyll").touch()  # GitHub would leave out files that begin with "_"
    if live:
        write_service_worker(out)
    return len(pages.html)


def _search_data(root: Path) -> str:
    data = everything(root)
    for page in data["pages"]:
        page[1] = place(page[1])
    data["sources"] = [
        (name, place(href).replace("%7Bline%7D", "{line}"), text)
        for name, href, text in data["sources"]
    ]
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def place(url: str) -> str:
    """Return where the site has an address of the reader: a path without a slash in front.

    The line of a file stays in the query, where a script finds it; hosts overlook it.
    """
    parts = urlsplit(url)
    asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
    path = parts.path.removeprefix("/")
    if file := asked.pop("file", ""):
        path = f"{path}source/{quote(file)}.html"  # a folder "index.html" would confuse hosts
    elif path == "search":
        path = "search/"
    elif path.startswith("file/"):
        # A host would offer to save a text without a suffix that it knows.
        path += ".html" if path.endswith(".md") else ".txt"
    query = f"?{urlencode(asked)}" if asked else ""
    anchor = f"#{parts.fragment}" if parts.fragment else ""
    return f"{path}{query}{anchor}"


@dataclass
class _Pages:
    """The pages of the site, found by following links; written when it is known where all lead."""

    reader: Flask
    out: Path
    html: dict[str, str] = field(default_factory=dict)
    """The pages, by their addresses in the reader."""
    seen: dict[str, str] = field(default_factory=dict)
    """Each address that was asked for, and the one that it leads to."""

    def follow(self, first: str) -> None:
        """Collect a page and all that can be reached from it; write what is not a page."""
        waiting = [(first, "the start")]
        while waiting:
            url, source = waiting.pop()
            if url in self.seen:
                continue
            answered, response = self._ask(url, source)
            self.seen[url] = answered
            if response.mimetype == "text/html":
                self.html[answered] = response.text
                waiting += [(link, answered) for link in _links(answered, response.text)]
            else:
                self._file(answered).write_bytes(response.data)
            response.close()

    def renew(self, urls: list[str]) -> None:
        """Ask for pages once more, which now say something else."""
        for url in urls:
            self.html[url] = self._ask(url, "the start")[1].text

    def write(self) -> None:
        """Write the pages, with links as the site has them."""
        for url, html in self.html.items():
            changed = _TAG.sub(lambda tag, page=url: self._relative(tag[0], page), html)  # type: ignore[misc]
            self._file(url).write_text(changed, "utf-8")

    def _ask(self, url: str, source: str) -> tuple[str, TestResponse]:
        response = self.reader.test_client().get(url, base_url=_LOCAL, follow_redirects=True)
        if response.status_code != 200:
            raise SiteError(f"{source} links to {url}, which is {response.status}. Correct it.")
        query = response.request.query_string.decode()
        return response.request.path + (f"?{query}" if query else ""), response

    def _file(self, url: str) -> Path:
        path = place(url)
        target = self.out / unquote(path)
        if path.endswith("/") or not path:
            target /= "index.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _relative(self, tag: str, page: str) -> str:
        """Return a tag with links relative to the page, as the site has both."""

        def changed(match: re.Match[str]) -> str:
            name, link = match[1], unescape(match[2])
            if not _is_own(link) or link.startswith("#"):
                return match[0]
            url, anchor = urldefrag(urljoin(page, link))
            known = self.seen.get(_without_line(url))
            if known and "line=" not in url:  # where a redirect leads
                url, its_anchor = urldefrag(known)
                anchor = anchor or its_anchor
            found = place(f"{url}#{anchor}" if anchor else url)
            file = parse_qs(urlsplit(url).query).get("file")
            # In a page that can show other files, a script does it without leaving the page.
            mark = (
                f' data-file="{escape(file[0])}"' if file and self._shows_files(page, url) else ""
            )
            return f'{name}="{escape(_from(place(page), found))}"{mark}'

        return _LINK.sub(changed, tag)

    def _shows_files(self, page: str, link: str) -> bool:
        is_live = self.reader.config["SITE"] == "live"
        return is_live and "?" not in page and urlsplit(link).path == page


def _links(page: str, html: str) -> list[str]:
    """Return the addresses of the reader that a page links to; static files are copied anyway."""
    return [
        _without_line(urljoin(page, unescape(link)))
        for tag in _TAG.findall(html)
        for name, link in _LINK.findall(tag)
        if name != "data-run" and not link.startswith(("/run/", "/static/")) and _is_own(link)
    ]


def _is_own(link: str) -> bool:
    return not urlsplit(link).scheme and not link.startswith("//")


def _without_line(url: str) -> str:
    """Return an address of the reader without the part that is about a place on its page."""
    parts = urlsplit(url)
    file = parse_qs(parts.query).get("file")
    return parts.path + (f"?{urlencode({'file': file[0]}, quote_via=quote)}" if file else "")


def _from(page: str, target: str) -> str:
    """Return how a page of the site calls another: relative, as the site may be below any path."""
    here = urlsplit(page).path
    parts = urlsplit(target)
    folder = here if here.endswith("/") else posixpath.dirname(here)
    relative = posixpath.relpath(parts.path or ".", folder or ".")
    if (parts.path.endswith("/") or not parts.path) and relative != ".":
        relative += "/"
    elif relative == ".":
        relative = "./"
    rest = target[len(parts.path) :]
    return f"{relative}{rest}"
