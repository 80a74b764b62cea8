"""Read JSON as ``json.loads`` does, and refuse what it lets through."""

import json
import math


def loads(body: bytes) -> object:
    """Return what the JSON says; ValueError where another program might read another thing."""
    return json.loads(
        body, object_pairs_hook=without_repeats, parse_constant=finite, parse_float=finite
    )


def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make a dict of the pairs, unless a name comes twice; Python would keep the last."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def finite(text: str) -> float:
    """Read a number, unless it is NaN or infinite: JSON has no words for these."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is not finite")
    return number
