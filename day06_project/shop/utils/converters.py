"""Converters for the paths of the shop."""

from werkzeug.routing import BaseConverter, Map


class RegexConverter(BaseConverter):
    """Take what matches the pattern written in the rule: ``<regex('[a-z]+'):name>``."""

    def __init__(self, url_map: Map, pattern: str) -> None:
        """Remember the pattern; keep it narrow, or it takes the paths of others."""
        super().__init__(url_map)
        self.regex = pattern


class IdConverter(BaseConverter):
    """Take the id of a row, without leading zeros.

    A number that no database can hold is 404 here. With ``<int(max=...)>`` it would be 404 for the
    first method of a path, and 405 for the others.
    """

    regex = "[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)
