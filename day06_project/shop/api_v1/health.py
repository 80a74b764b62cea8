"""Pages for machines: is the shop well, and what can it do."""

from flask import Blueprint, Response, current_app, send_from_directory
from sqlalchemy import text
from werkzeug.exceptions import ServiceUnavailable

from day06_project.shop.errors import OUTAGES
from day06_project.shop.extensions import db, store

bp = Blueprint("health", __name__)


@bp.get("/health")
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
def openapi() -> Response:
    """Describe the API, see https://spec.openapis.org/oas/latest.html."""
    # No cache may keep responses of the API, so no client has a copy to ask about.
    return send_from_directory(bp.root_path, "openapi.json", conditional=False, etag=False)
