"""Read the tables that other programs wrote; write files so that nothing is lost."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TABLE_BYTES = 16 * 2**20


class ClassroomError(Exception):
    """A wrong call, or a file that cannot be read or written; the text says what to do."""


NAME_LENGTH = 120
TEXT_LENGTH = 2000


def printable(text: str, length: int = NAME_LENGTH) -> str:
    """Return a text on one line, without control characters and other invisible ones."""
    kept = (
        c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}"
        for c in text[: 2 * length]
    )
    return "".join(kept).strip()[:length] or "(no name)"


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection". A full-width sign such as ``＝`` counts as the plain one.
    """
    text = printable(text, TEXT_LENGTH)
    first = unicodedata.normalize("NFKC", text[0])
    return f"'{text}" if first.startswith(("=", "+", "-", "@")) else text


@dataclass(frozen=True)
class Table:
    """A CSV file: its header, its rows (each as long as the header or longer), its separator."""

    path: Path
    header: list[str]
    rows: list[list[str]]
    separator: str = ","
    lines: tuple[int, ...] = ()
    """The line of the file in which each row ends."""

    def numbered(self) -> list[tuple[int, dict[str, str]]]:
        """Return the rows by column, each with its line in the file."""
        return list(zip(self.lines, self.records(), strict=True))

    def records(self) -> list[dict[str, str]]:
        """Return the rows by column, without spaces around the values."""
        names = [name.strip().casefold() for name in self.header]
        return [dict(zip(names, map(str.strip, row), strict=False)) for row in self.rows]


def read_table(path: Path) -> Table:
    """Read a CSV file as Excel, Moodle or Canvas save it: UTF-8, UTF-16 or cp1252, ``,`` or ``;``.

    Empty rows are dropped, short rows are filled up. Raises ``ClassroomError``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(TABLE_BYTES)
        text = _decoded(data)
        first = next((line for line in text.splitlines() if line.strip()), "")
        if first.strip().casefold().startswith("sep="):  # Excel's own line
            text = text.partition("\n")[2]
            first = text.partition("\n")[0]
        separator = max(",;\t", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise ClassroomError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, csv.Error) as error:
        raise ClassroomError(f"{path} cannot be read as a CSV file: {error}.") from None
    rows = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise ClassroomError(f"{path} is empty.")
    (_, header), *others = rows
    filled = [row + [""] * (len(header) - len(row)) for _, row in others]
    return Table(path, header, filled, separator, tuple(line for line, _ in others))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def table_text(header: Iterable[str], rows: Iterable[Iterable[str]], separator: str = ",") -> str:
    """Return the text of a CSV file."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def write_whole(path: Path, data: str | bytes, *, sync: bool = True) -> None:
    """Replace a file by a new version, or leave the old one as it is.

    The new version is written beside it, flushed to the disk and renamed. Raises
    ``ClassroomError``, for example if the disk is full.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(data.encode("utf-8", "replace") if isinstance(data, str) else data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ClassroomError(
            f"{path} cannot be written: {error.strerror}. The earlier version is unchanged; run "
            "the same command again when there is room."
        ) from None
