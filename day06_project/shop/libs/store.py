"""A place for small things that do not last: Redis, or a file without it.

Both take a captcha and count an attempt in one step, so that two servers never do it twice.
"""

import math
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

STORE_ERRORS = (RedisError, sqlite3.DatabaseError)
"""What a store raises that does not answer, or whose disk is full."""


def connect(url: str) -> Redis:
    """Return a client that gives up after two seconds at most; redis-py's own takes up to 60."""
    return Redis.from_url(
        url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1)
    )


def make_store(config: Mapping[str, Any]) -> "RedisStore | FileStore":
    """Return the store that the settings name."""
    if config["REDIS_URL"]:
        return RedisStore(connect(config["REDIS_URL"]), config["REDIS_PREFIX"])
    return FileStore(Path(config["DATA_FOLDER"]).absolute() / "store.db")


class RedisStore:
    """Share texts and counters between all workers and machines that know the URL."""

    def __init__(self, client: Redis, prefix: str) -> None:
        """Put ``prefix`` before each key, because others may use the same database."""
        self.client = client
        self.prefix = prefix

    def put(self, key: str, value: str, seconds: int) -> None:
        """Keep a text for a while."""
        self.client.set(self.prefix + key, value, ex=seconds)

    def take(self, key: str) -> str | None:
        """Return the text and forget it, or None: if many take at once, one gets it."""
        value = self.client.getdel(self.prefix + key)
        return value.decode() if value is not None else None

    def count(self, key: str, seconds: int, by: int = 1) -> int:
        """Add to a counter and return its value; it ends ``seconds`` after it began."""
        with self.client.pipeline() as transaction:
            transaction.set(self.prefix + key, 0, ex=seconds, nx=True)
            transaction.incrby(self.prefix + key, by)
            return transaction.execute()[1]

    def seconds_left(self, key: str) -> int:
        """Return in how many seconds the counter ends; 1 where it has ended."""
        return max(1, self.client.ttl(self.prefix + key))

    def ping(self) -> None:
        """Raise ``RedisError`` unless the server answers and takes what is written."""
        self.put("ping", "", 1)


class FileStore:
    """Share texts and counters between the workers of one machine: SQLite locks its file."""

    def __init__(self, path: Path) -> None:
        """Keep everything in the file ``path``, which is made when it is first needed."""
        self.path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # "with connection" alone commits, but leaves the file open.
        with closing(sqlite3.connect(self.path)) as connection, connection:
            # A power cut may lose captchas and logins; that is not worth waiting for the disk.
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (key PRIMARY KEY, value, expires)"
            )
            # Without it, each "put" would read all entries to find those that have expired.
            connection.execute("CREATE INDEX IF NOT EXISTS ends ON entries (expires)")
            yield connection

    def put(self, key: str, value: str, seconds: int) -> None:
        """Keep a text for a while, and clear out what has expired."""
        now = time.time()
        with self._open() as connection:
            connection.execute("DELETE FROM entries WHERE expires <= ?", (now,))
            connection.execute("REPLACE INTO entries VALUES (?, ?, ?)", (key, value, now + seconds))

    def get(self, key: str) -> str | None:
        """Return the text, or None."""
        query = "SELECT value FROM entries WHERE key = ? AND expires > ?"
        with self._open() as connection:
            rows = connection.execute(query, (key, time.time())).fetchall()
        return next((value for (value,) in rows), None)

    def take(self, key: str) -> str | None:
        """Return the text and forget it, or None: if many take at once, one gets it."""
        query = "DELETE FROM entries WHERE key = ? RETURNING value, expires"
        with self._open() as connection:
            rows = connection.execute(query, (key,)).fetchall()
        return next((value for value, expires in rows if expires > time.time()), None)

    def count(self, key: str, seconds: int, by: int = 1) -> int:
        """Add to a counter and return its value; it ends ``seconds`` after it began."""
        now = time.time()
        query = """
            INSERT INTO entries VALUES (:key, :by, :end) ON CONFLICT (key) DO UPDATE SET
            value = iif(expires <= :now, 0, value) + :by,
            expires = iif(expires <= :now, :end, expires) RETURNING value
        """
        with self._open() as connection:
            values = {"key": key, "by": by, "now": now, "end": now + seconds}
            return connection.execute(query, values).fetchall()[0][0]

    def seconds_left(self, key: str) -> int:
        """Return in how many seconds the counter ends; 1 where it has ended."""
        with self._open() as connection:
            row = connection.execute("SELECT expires FROM entries WHERE key = ?", (key,)).fetchone()
        return max(1, math.ceil(row[0] - time.time())) if row else 1

    def ping(self) -> None:
        """Raise ``sqlite3.OperationalError`` unless the file takes what is written."""
        self.put("ping", "", 1)
