"""``report.html``: one page that an instructor would show: marks, hardest tests, statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from course.grading.classroom.exports import now
from course.grading.classroom.intake import printable
from course.grading.classroom.journal import STATUSES, Record
from course.grading.classroom.similarity import Pair

BARS = 10


def write_report(
    path: Path,
    records: list[Record],
    marks: Mapping[str, tuple[float, float | None]],
    pairs: list[Pair],
    protection: list[str],
) -> None:
    """Write the page; it needs nothing from elsewhere and runs no script."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=select_autoescape())
    environment.filters["printable"] = printable
    statuses = Counter(record["status"] for record in records)
    shares = [
        score / record["max"]
        for record in records
        if (score := marks[record["key"]][1]) is not None and record["max"]
    ]
    counts = Counter(min(int(share * BARS), BARS - 1) for share in shares)
    text = environment.get_template("report.html").render(
        when=now(),
        total=len(records),
        statuses=[(status, statuses[status]) for status in STATUSES if statuses[status]],
        mean=sum(shares) / len(shares) if shares else None,
        bars=[(n * 100 // BARS, (n + 1) * 100 // BARS, counts[n]) for n in range(BARS)],
        highest=max(counts.values(), default=1),
        hardest=hardest(records),
        records=[(record, *marks[record["key"]]) for record in records],
        pairs=pairs,
        protection=protection,
    )
    path.write_text(text, "utf-8")


def hardest(records: list[Record], most: int = 10) -> list[tuple[str, str, float, int]]:
    """Return exercise, test, share of students who passed, and tries; the hardest first."""
    passed: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    for record in records:
        for exercise in record["exercises"]:
            for test in exercise["tests"]:
                name = (exercise["exercise"], str(test["test"]))
                tried[name] += 1
                passed[name] += test["outcome"] == "passed"
    rows: list[tuple[str, str, float, int]] = [
        (*name, passed[name] / count, count) for name, count in tried.items()
    ]
    return sorted((row for row in rows if row[2] < 1), key=lambda row: row[2])[:most]


def line(record: Record, score: float | None) -> dict[str, Any]:
    """Return the parts of the one line about a student that the terminal shows."""
    first = next(
        (
            f"{test['test']}: {first_line(test['message'])}"
            for exercise in record["exercises"]
            for test in exercise["tests"]
            if test["outcome"] == "failed"
        ),
        "",
    )
    points = "-" if score is None else f"{score:g}"
    return {
        "student": printable(record["student"]),
        "points": f"{points}/{record['max']:g}",
        "status": record["status"],
        "seconds": f"{record['seconds']:.2f} s",
        "about": printable(record["note"]) if record["note"] else printable(first) if first else "",
    }


def first_line(message: str) -> str:
    """Return the line of a message that says most: what came back, or what it begins with."""
    lines = message.strip().splitlines() or [""]
    came = next((each for each in lines if each.startswith("Came back:")), None)
    return f"{lines[0].removeprefix('Sent:').strip()} -> {came[10:].strip()}" if came else lines[0]
