"""Sessions in a file; and sessions out of reach, while everything that needs none still works."""

import json
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.exceptions import ServiceUnavailable

from day06_project.shop.libs.store import STORE_ERRORS, FileStore


class FileSessions:
    """Keep the sessions in the store's file; Flask-Session calls these methods of a cache.

    cachelib's own cache has a file for each session. From 10,000 sessions on, it would open all of
    them for every new one.
    """

    def __init__(self, store: FileStore) -> None:
        """Take the store of the shop."""
        self.store = store

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the data of a session."""
        text = self.store.get(key)
        return json.loads(text) if text else None

    def set(self, key: str, value: dict[str, Any], timeout: int) -> None:
        """Store the data of a session for so many seconds."""
        self.store.put(key, json.dumps(value), timeout)

    def delete(self, key: str) -> None:
        """Forget a session."""
        self.store.take(key)


class UnavailableSession(NullSession):
    """Replace a session that could not be read; a view that uses it sends 503.

    Flask does not save a ``NullSession``.
    """

    def _fail(self, *args, **kwargs):
        raise ServiceUnavailable("Sessions are out of reach.", retry_after=5)

    __getitem__ = __setitem__ = __delitem__ = __contains__ = _fail
    get = pop = popitem = setdefault = update = clear = _fail


class GuardedSessions(SessionInterface):
    """Call Flask-Session's interface, but only for requests that need a session."""

    def __init__(self, inner: SessionInterface) -> None:
        """Wrap ``inner``, which keeps the sessions."""
        self.inner = inner

    def open_session(self, app: Flask, request: Request) -> SessionMixin | None:
        """Open the session; files need none, and public data must not fail without it."""
        if request.path.startswith(f"{app.static_url_path}/"):
            return None
        try:
            return self.inner.open_session(app, request)
        except STORE_ERRORS as error:
            app.logger.error("no session: %s", error)
            return UnavailableSession()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Save the session, and try it only once: Flask saves it again after an error page."""
        try:
            self.inner.save_session(app, session, response)
        except STORE_ERRORS:
            session.modified = False
            raise

    def regenerate(self, session: SessionMixin) -> None:
        """Delete the session from the store and give it a new id."""
        self.inner.regenerate(session)
