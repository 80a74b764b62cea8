"""Remember on the server who is logged in; the browser gets a number that no one can guess."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path

from day05_wechat.oauth.wechat import Tokens

DAYS = 30  # then the refresh token ends, and so does a visit
WAIT = 5  # seconds, until another process has written


class Visits:
    """Keep the tokens of visitors in one file, for all processes of this machine."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, tokens: Tokens) -> str:
        """Store the tokens of a new visit, and return its number; forget those that are over."""
        number = secrets.token_urlsafe()
        now = int(time.time())
        with self._open() as connection:
            connection.execute("DELETE FROM visit WHERE begun < ?", [now - DAYS * 24 * 60 * 60])
            connection.execute("INSERT INTO visit VALUES (?, ?, ?)", [number, dump(tokens), now])
        return number

    def find(self, number: str | None) -> Tokens | None:
        """Return the tokens of the visit with this number, or None."""
        if number is None:
            return None
        with self._open() as connection:
            row = connection.execute("SELECT tokens FROM visit WHERE number = ?", [number])
            found = row.fetchone()
        return Tokens(**json.loads(found[0])) if found else None

    def renew(self, number: str, tokens: Tokens) -> None:
        """Store newer tokens for a visit, unless it has ended."""
        with self._open() as connection:
            connection.execute(
                "UPDATE visit SET tokens = ? WHERE number = ?", [dump(tokens), number]
            )

    def end(self, number: str | None) -> None:
        """Forget a visit; an unknown number changes nothing."""
        if number is not None:
            with self._open() as connection:
                connection.execute("DELETE FROM visit WHERE number = ?", [number])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)  # no other user of this machine may read it
        with closing(sqlite3.connect(self.path, WAIT)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS visit (number TEXT PRIMARY KEY, tokens TEXT, begun)"
            )
            yield connection


def dump(tokens: Tokens) -> str:
    """Return the tokens as a text."""
    return json.dumps(asdict(tokens))
