"""Run functions before and after every view.

What all requests need (to know who asks, a header on each answer, something to be put away at the
end) is written once, in a hook, and the views stay short. This app keeps a record of what ran.

Run it: flask --app day02.request_hooks.app run --debug
"""

from collections import deque
from collections.abc import Mapping

from flask import Blueprint, Flask, Response, g, request
from markupsafe import escape

from . import request_id
from .start_up import fetch_wood, first_time_only

ANSWERS_AT_THE_DOOR = {"closed": ("Come back tomorrow.\n", 403), "silent": ""}

kitchen = Blueprint("kitchen", __name__, url_prefix="/kitchen")


def step(name: str) -> None:
    """Note in ``g`` what runs; it is there until the request is over."""
    g.setdefault("steps", []).append(name)


@kitchen.before_request
def wash_hands():
    """Run for the views of this blueprint only."""
    step("kitchen before")


@kitchen.after_request
def serve(response: Response) -> Response:
    """Change the answer, and pass it on."""
    step("kitchen after")
    response.headers["X-Served-By"] = "kitchen"
    return response


@kitchen.teardown_request
def wash_up(error: BaseException | None) -> None:
    """Run at the very end, whatever happened."""
    step("kitchen teardown")


@kitchen.get("/tea")
def tea():
    """Find in ``g`` what a hook has put there."""
    step("view")
    return f"Tea for {escape(g.visitor)}.\n"


@kitchen.get("/boom")
def boom():
    """Fail, because nobody came to share the twelve cups."""
    step("view")
    return f"{12 / 0} cups each.\n"


def create_app(config: Mapping[str, object] | None = None) -> Flask:
    """Build the app and its hooks; those on ``app`` run for every request."""
    app = Flask(__name__)
    app.config.from_mapping(WOOD=12)
    app.config.from_mapping(config or {})
    request_id.add_to(app)
    app.register_blueprint(kitchen)
    finished = deque(maxlen=5)
    with app.app_context():
        stove = {"wood": fetch_wood(), "lit": 0}

    @app.before_request
    @first_time_only
    def light_the_stove():
        stove["lit"] += 1

    @app.before_request
    def welcome():
        """Prepare what the views need."""
        step("app before 1")
        g.visitor = request.args.get("name", "stranger")

    @app.before_request
    def door():
        """Let the request in by returning None; anything else is the answer."""
        step("app before 2")
        return ANSWERS_AT_THE_DOOR.get(request.args.get("door"))

    @app.after_request
    def after_1(response: Response) -> Response:
        step("app after 1")
        return response

    @app.after_request
    def after_2(response: Response) -> Response:
        step("app after 2")
        return response

    @app.teardown_request
    def teardown_1(error: BaseException | None) -> None:
        """Close the record; registered first, this one runs last."""
        step("app teardown 1")
        finished.append({"path": request.path, "steps": g.steps, "error": error and repr(error)})

    @app.teardown_request
    def teardown_2(error: BaseException | None) -> None:
        step("app teardown 2")

    @app.get("/")
    def index():
        """Tell how the stove is doing."""
        return stove

    @app.get("/steps")
    def steps():
        """Show the record of the last requests; this one is not over yet."""
        return list(finished)

    return app
