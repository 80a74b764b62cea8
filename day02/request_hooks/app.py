"""Run functions before and after every view, and record the order in which they run.

Some work is the same for all requests: find out who the visitor is, add a header, close a file. A
hook does it in one place, and the views stay short.

Run it: flask --app day02.request_hooks.app run --debug
"""

from collections import deque
from collections.abc import Mapping

from flask import Blueprint, Flask, Response, current_app, g, request
from markupsafe import escape

from . import request_id
from .start_up import fetch_wood, run_once

# What the hook ``check_door`` returns; None lets the request in.
DOOR_RESPONSES = {"closed": ("Come back tomorrow.\n", 403), "silent": ""}

kitchen = Blueprint("kitchen", __name__, url_prefix="/kitchen")


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Build the app and register its hooks; those of ``app`` run for every request."""
    app = Flask(__name__)
    app.config.from_mapping(WOOD=12)
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    app.extensions["record"] = deque(maxlen=5)
    with app.app_context():
        app.extensions["stove"] = {"wood": fetch_wood(), "lit": 0}
    request_id.init_app(app)
    app.register_blueprint(kitchen)
    app.before_request(run_once(light_stove))
    app.before_request(set_visitor)
    app.before_request(check_door)
    app.after_request(after_1)
    app.after_request(after_2)
    app.teardown_request(teardown_1)
    app.teardown_request(teardown_2)
    app.add_url_rule("/", view_func=index)
    app.add_url_rule("/steps", view_func=get_steps)
    return app


def add_step(name: str) -> None:
    """Record in ``g`` that a function runs; ``g`` lives as long as the request."""
    g.setdefault("steps", []).append(name)


def light_stove() -> None:
    """Do some work that is necessary once, before the first request."""
    current_app.extensions["stove"]["lit"] += 1


def set_visitor():
    """Prepare what the views need."""
    add_step("app before 1")
    g.visitor = request.args.get("name", "stranger")


def check_door():
    """Return None to let the request in; any other value is the response."""
    add_step("app before 2")
    return DOOR_RESPONSES.get(request.args.get("door"))


def after_1(response: Response) -> Response:
    """Run after every view; registered first, so called last."""
    add_step("app after 1")
    return response


def after_2(response: Response) -> Response:
    """Run after every view, before ``after_1``."""
    add_step("app after 2")
    return response


def teardown_1(error: BaseException | None) -> None:
    """Store the record of this request; registered first, so called last."""
    add_step("app teardown 1")
    current_app.extensions["record"].append(
        {"path": request.path, "steps": g.steps, "error": error and repr(error)}
    )


def teardown_2(error: BaseException | None) -> None:
    """Run at the end, before ``teardown_1``."""
    add_step("app teardown 2")


@kitchen.before_request
def before_kitchen():
    """Run before the views of this blueprint only."""
    add_step("kitchen before")


@kitchen.after_request
def after_kitchen(response: Response) -> Response:
    """Change the response, and return it."""
    add_step("kitchen after")
    response.headers["X-Served-By"] = "kitchen"
    return response


@kitchen.teardown_request
def teardown_kitchen(error: BaseException | None) -> None:
    """Run at the end, also after an exception."""
    add_step("kitchen teardown")


@kitchen.get("/tea")
def tea():
    """Read from ``g`` what a hook has stored there."""
    add_step("view")
    return f"Tea for {escape(g.visitor)}.\n"


@kitchen.get("/boom")
def boom():
    """Fail: the division by zero that this lesson shows."""
    add_step("view")
    return f"{12 / 0} cups each.\n"


def index():
    """Return how often the stove was lit."""
    return current_app.extensions["stove"]


def get_steps():
    """Return the record of the last requests, without this one."""
    return list(current_app.extensions["record"])
