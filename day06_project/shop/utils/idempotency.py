"""Make a repeated POST harmless: it gets the response of the first one, and creates nothing.

A client that hears no response does not know whether its request was done. If both requests have
the same Idempotency-Key, it can send the request again. The key is stored in the transaction that
creates something: so both are there, or neither is. See
https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import Any

from flask import Response, g, jsonify, request
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest, Conflict, UnprocessableEntity

from day06_project.shop.extensions import db
from day06_project.shop.models import IdempotencyKey, now

KEPT = timedelta(hours=24)
HEADERS = ("ETag", "Location")


def once(view: Callable[..., Response]) -> Callable[..., Response]:
    """Commit what a view creates, together with the key of the request if it has one.

    The view must not commit. If it raises an exception nothing is stored, so a request that was
    refused may be sent again with the same key.
    """

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            response = view(*args, **kwargs)
            db.session.commit()
            return response
        if not re.fullmatch(r'"[ !#-[\]-~]{1,255}"', key):
            raise BadRequest('Idempotency-Key must be a text in double quotes, such as "order-1".')
        sent = f"{request.method} {request.path}\n".encode() + request.get_data()
        mine = {"user_id": g.user.id, "key_hash": sha256(key.encode()).hexdigest()}
        row = IdempotencyKey(**mine, fingerprint=sha256(sent).hexdigest())
        old = IdempotencyKey.created_at < now() - KEPT
        db.session.execute(delete(IdempotencyKey).filter_by(user_id=g.user.id).where(old))
        db.session.add(row)
        try:
            db.session.flush()  # a second request with this key waits here, until we commit
        except IntegrityError:
            db.session.rollback()
            return repeated(mine, sha256(sent).hexdigest())
        response = view(*args, **kwargs)
        headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
        status = response.status_code
        row.response = {"status": status, "headers": headers, "body": response.json}
        db.session.commit()
        return response

    wrapper.once = True
    return wrapper


def repeated(mine: dict[str, Any], fingerprint: str) -> Response:
    """Return the response to the first request with this key; 422 if it was another request."""
    first = db.session.scalar(select(IdempotencyKey).filter_by(**mine))
    if first is None:
        raise Conflict("The first request with this Idempotency-Key has just ended. Send it again.")
    if first.fingerprint != fingerprint:
        raise UnprocessableEntity("This Idempotency-Key was used for another request.")
    response = jsonify(first.response["body"])
    response.status_code = first.response["status"]
    response.headers.update(first.response["headers"])
    return response
