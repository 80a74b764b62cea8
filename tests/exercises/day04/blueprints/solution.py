"""A solution of the exercise: a swimming pool, taken apart."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, abort, current_app, render_template, request, url_for
from werkzeug.exceptions import NotFound

COURSES = {
    "crawl": {"title": "Crawl", "places": 8},
    "diving": {"title": "Diving", "places": 3},
}
HELP = {
    "en": {"index": "Ask at the desk.", "rules": "Walk, do not run."},
    "de": {"index": "Fragen Sie an der Kasse.", "rules": "Gehen Sie, statt zu laufen."},
}


def all_courses() -> dict[str, dict[str, Any]]:
    """Return the courses of the app that answers at the moment."""
    return current_app.config["COURSES"]


def found(key: str) -> dict[str, Any]:
    """Return one course, or answer 404."""
    if key not in all_courses():
        abort(404, "There is no such course.")
    return all_courses()[key]


def page(heading: str, text: str = "", links: Mapping[str, str] | None = None) -> str:
    """Draw a page; ``links`` maps names to addresses."""
    return render_template("exercise_page.html", heading=heading, text=text, links=links or {})


courses = Blueprint("courses", __name__)
staff = Blueprint("staff", __name__)
api = Blueprint("api", __name__)
help_pages = Blueprint("help", __name__)


@courses.get("/")
def index():
    """List the courses."""
    links = {each["title"]: url_for(".course", key=key) for key, each in all_courses().items()}
    return page("Courses", links=links)


@courses.get("/<key>")
def course(key: str):
    """Show a course."""
    return page(found(key)["title"], links={"All courses": url_for(".index")})


@staff.before_request
def guard():
    """Let only the staff in."""
    if request.headers.get("X-Staff-Key") != current_app.config["STAFF_KEY"]:
        abort(403)


@staff.get("/", endpoint="index")
def staff_index():
    """List the courses for the staff."""
    links = {each["title"]: url_for(".course", key=key) for key, each in all_courses().items()}
    return page("Courses, for the staff", links=links)


@staff.get("/<key>", endpoint="course")
def staff_course(key: str):
    """Show what only the staff should know."""
    return page(found(key)["title"], f"Places left: {found(key)['places']}")


@api.get("/courses", endpoint="index")
def api_index():
    """List the courses for programs."""
    return {"courses": [url_for(".course", key=key) for key in all_courses()]}


@api.get("/courses/<key>", endpoint="course")
def api_course(key: str):
    """Show a course to programs."""
    return {"title": found(key)["title"]}


@api.app_errorhandler(404)
def not_found(error: NotFound):
    """Answer what was not found, in all parts: only the path tells."""
    if request.path.startswith("/api/"):
        return {"error": error.description}, 404
    return page("This way leads nowhere"), 404


@help_pages.get("/", endpoint="index")
def help_index(language: str):
    """Help in the language of the registration."""
    return page("?", HELP[language]["index"], {"!": url_for(".rules")})


@help_pages.get("/rules")
def rules(language: str):
    """Show the rules."""
    return page("!", HELP[language]["rules"], {"?": url_for(".index")})


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the site; the check brings courses and a key of its own."""
    app = Flask(__name__)
    app.config.from_mapping(COURSES=COURSES, STAFF_KEY="whistle")
    app.config.from_mapping(config or {})
    app.register_blueprint(courses, url_prefix="/courses")
    app.register_blueprint(staff, url_prefix="/staff")
    app.register_blueprint(api, url_prefix="/api")
    for language in HELP:
        app.register_blueprint(
            help_pages,
            name=f"help_{language}",
            url_prefix=f"/{language}/help",
            url_defaults={"language": language},
        )

    @app.get("/")
    def entrance():
        """Show what there is."""
        links = {"Courses": url_for("courses.index"), "Help": url_for("help_en.index")}
        return page("The pool", links=links)

    @app.get("/map")
    def show_map():
        """Show which endpoint answers for which rule; leave this here."""
        return {str(rule): rule.endpoint for rule in app.url_map.iter_rules()}

    return app
