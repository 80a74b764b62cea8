"""Keep a token for all processes of a program: in Redis, or in a file without it.

Only one process at a time gets a new token. The others wait, and then take the same.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from day05_wechat.api.errors import StoreError

WAIT = 30  # seconds; to get a new token takes less


class Entry(NamedTuple):
    """A text, and until when it is valid (seconds, by ``time.time``)."""

    text: str
    until: float


def make_store(config: Mapping[str, Any]) -> "RedisStore | FileStore":
    """Return the store that the settings name."""
    if config["REDIS_URL"]:
        retry = Retry(NoBackoff(), 1)
        client = Redis.from_url(config["REDIS_URL"], socket_timeout=2, retry=retry)
        return RedisStore(client, config["REDIS_PREFIX"])
    return FileStore(Path(config["DATA_FOLDER"]).absolute())


class FileStore:
    """Share entries between the processes of one machine: SQLite locks its files."""

    def __init__(self, folder: Path) -> None:
        """Keep each entry in a file of its own in ``folder``."""
        self.folder = folder

    def get(self, key: str) -> Entry | None:
        """Return what is kept."""
        with self._open(key) as connection:
            return read(connection)

    def replace(self, key: str, old: Entry | None, make: Callable[[], Entry]) -> Entry:
        """Keep what ``make`` returns, unless another process has replaced ``old`` already."""
        with self._open(key) as connection:
            connection.execute("BEGIN IMMEDIATE")  # the others wait here
            entry = read(connection)
            if entry is None or entry == old:
                entry = make()
                connection.execute("DELETE FROM entry")
                connection.execute("INSERT INTO entry VALUES (?, ?)", entry)
            return entry

    @contextmanager
    def _open(self, key: str) -> Iterator[sqlite3.Connection]:
        path = self.folder / f"{key}.db"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)  # no other user of this machine may read it
            with closing(sqlite3.connect(path, WAIT, isolation_level=None)) as connection:
                connection.execute("CREATE TABLE IF NOT EXISTS entry (text, until)")
                with connection:  # commits, after an exception rolls back
                    yield connection
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"The file {path} cannot be used: {error}.") from error


def read(connection: sqlite3.Connection) -> Entry | None:
    """Return the entry of a file."""
    row = connection.execute("SELECT text, until FROM entry").fetchone()
    return Entry(*row) if row else None


class RedisStore:
    """Share entries between all machines that know the URL."""

    def __init__(self, client: Redis, prefix: str) -> None:
        """Put ``prefix`` before each key, because others may use the same database."""
        self.client = client
        self.prefix = prefix

    def get(self, key: str) -> Entry | None:
        """Return what is kept."""
        with self._told():
            return self._get(self.prefix + key)

    def replace(self, key: str, old: Entry | None, make: Callable[[], Entry]) -> Entry:
        """Keep what ``make`` returns, unless another process has replaced ``old`` already."""
        key = self.prefix + key
        with self._told(), self.client.lock(f"{key}:lock", WAIT, blocking_timeout=WAIT):
            entry = self._get(key)
            if entry is None or entry == old:
                entry = make()
                seconds = max(1, int(entry.until - time.time()))
                self.client.set(key, json.dumps(entry), ex=seconds)
            return entry

    def _get(self, key: str) -> Entry | None:
        value = self.client.get(key)
        return Entry(*json.loads(value)) if value else None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except RedisError as error:
            raise StoreError(f"Redis cannot be used: {type(error).__name__}.") from error
