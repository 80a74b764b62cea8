"""Read JSON as ``json.loads`` does, but refuse what other programs read differently."""

import json
import math


def loads(body: bytes) -> object:
    """Return the value; raise ValueError for a repeated name and for numbers that JSON lacks."""
    return json.loads(
        body, object_pairs_hook=make_dict, parse_constant=parse_number, parse_float=parse_number
    )


def make_dict(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make a dict from the pairs, unless a name comes twice; Python would take the last one."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def parse_number(text: str) -> float:
    """Read a number, unless it is NaN or infinite: JSON does not have these."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number
