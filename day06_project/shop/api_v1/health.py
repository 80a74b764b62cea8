"""Pages for machines: is the shop well, and what can it do."""

from typing import Any

from flask import Blueprint, current_app, request
from sqlalchemy import text
from werkzeug.exceptions import ServiceUnavailable

from day06_project.shop.api_v1 import schemas
from day06_project.shop.errors import OUTAGES
from day06_project.shop.extensions import db, store
from day06_project.shop.utils.openapi import describe, gives

bp = Blueprint("health", __name__)


@bp.get("/health")
@gives(schemas.Health)
def health() -> dict[str, str]:
    """Tell a load balancer whether to send visitors here."""
    checks = {"database": lambda: db.session.execute(text("SELECT 1")), "store": store.ping}
    silent = []
    for name, check in checks.items():
        try:
            check()
        except OUTAGES as error:
            current_app.logger.error("%s: %s", name, error)
            silent.append(name)
    if silent:
        raise ServiceUnavailable(f"No answer from: {', '.join(silent)}.", retry_after=5)
    return {"status": "ok"}


@bp.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """Describe the API."""
    return describe(current_app, request.path.removesuffix("/openapi.json"))
