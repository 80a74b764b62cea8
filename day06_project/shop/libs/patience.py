"""Database servers that do not respond: an end for each wait, and a pause before the next one."""

import time
from collections.abc import Callable
from typing import Any

PAUSE = 1  # seconds


class Breaker:
    """Connect to a database server; while it is away, with one request a second.

    All others fail at once. Otherwise they would occupy all threads, and pages and static files
    would wait, too.
    """

    def __init__(self, seconds: int) -> None:
        """Give up after so many seconds."""
        self.seconds = seconds
        self.closed_until = 0.0

    def connect(self, dialect: Any, record: Any, arguments: list, options: dict) -> Any:
        """Return a new connection; SQLAlchemy's event ``do_connect`` calls this."""
        error = dialect.loaded_dbapi.OperationalError
        now = time.monotonic()
        if now < self.closed_until:
            raise error("the server did not respond a moment ago")
        if self.closed_until:  # only this request tries
            self.closed_until = now + 2 * self.seconds + PAUSE
        try:
            connection = self.connector(dialect)(*arguments, **options)
        except error:
            self.closed_until = time.monotonic() + PAUSE
            raise
        self.closed_until = 0.0
        return connection

    def connector(self, dialect: Any) -> Callable[..., Any]:
        """Return the driver's function; psycopg has no setting that ends each wait."""
        if dialect.driver != "psycopg":
            return dialect.connect
        seconds = self.seconds

        class Connection(dialect.loaded_dbapi.Connection):
            def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
                try:
                    return super().wait(gen, interval, timeout or seconds)
                except dialect.loaded_dbapi.errors._WaitTimeout:
                    self.close()  # no one knows what the server will send later
                    raise

        return Connection.connect
