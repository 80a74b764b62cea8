"""Exercise: a swimming pool, taken apart.

The site of a swimming pool has grown in one function, and everybody works on it at once. Take it
apart into blueprints, here or in files of your own beside this one. What works today goes on
working; ``/map`` shows which endpoint answers for which rule.

Tasks:

1. Make a part of the courses. The blueprint ``courses`` is registered below ``/courses``, with the
   views ``index`` and ``course``; all links lead where they led before.
2. Give the staff a part with a guard. ``staff``, with the same two views, is registered below
   ``/staff``. A hook of this part answers 403 unless the request has ``STAFF_KEY`` in the header
   ``X-Staff-Key``; no other part asks for it.
3. Let programs have JSON in any case. ``api``, below ``/api``, answers 404 with {"error": …}: for a
   course that is not there, and for any other address below ``/api/``. Everywhere else 404 is a
   page.
4. Register the help twice. It is at ``/en/help/`` as ``help_en`` and at ``/de/help/`` as
   ``help_de``, in the words of ``HELP``; who reads German stays in German.

Run it:   flask --app day04.blueprints.exercise run --debug
Try it:   curl http://127.0.0.1:5000/map
          curl -i http://127.0.0.1:5000/courses/crawl
          curl -i -H "X-Staff-Key: whistle" http://127.0.0.1:5000/staff/
          curl -i http://127.0.0.1:5000/api/nothing
Check it: course check blueprints
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, current_app, render_template, url_for

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


# TODO (task 1): courses = Blueprint(…), and its two views
# TODO (task 2): staff, and a hook: request.headers.get("X-Staff-Key")
# TODO (task 3): api, and handlers for 404, one of them for what belongs to no part
# TODO (task 4): help_pages, whose views get a language from the registration


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the site; the check brings courses and a key of its own."""
    app = Flask(__name__)
    app.config.from_mapping(COURSES=COURSES, STAFF_KEY="whistle")
    app.config.from_mapping(config or {})
    add_views(app)
    return app


def add_views(app: Flask) -> None:
    """Add every view of the site; this function has grown too long."""

    @app.get("/")
    def entrance():
        """Show what there is."""
        return page("The pool", links={"Courses": url_for("courses"), "Help": url_for("help_")})

    @app.get("/courses/")
    def courses():
        """List the courses."""
        links = {each["title"]: url_for("course", key=key) for key, each in all_courses().items()}
        return page("Courses", links=links)

    @app.get("/courses/<key>")
    def course(key: str):
        """Show a course."""
        return page(found(key)["title"], links={"All courses": url_for("courses")})

    @app.get("/staff/")
    def staff():
        """List the courses for the staff."""
        links = {
            each["title"]: url_for("staff_course", key=key) for key, each in all_courses().items()
        }
        return page("Courses, for the staff", links=links)

    @app.get("/staff/<key>")
    def staff_course(key: str):
        """Show what only the staff should know."""
        return page(found(key)["title"], f"Places left: {found(key)['places']}")

    @app.get("/api/courses")
    def api_courses():
        """List the courses for programs."""
        return {"courses": [url_for("api_course", key=key) for key in all_courses()]}

    @app.get("/api/courses/<key>")
    def api_course(key: str):
        """Show a course to programs."""
        return {"title": found(key)["title"]}

    @app.get("/help/")
    def help_():
        """Help in English."""
        return page("?", HELP["en"]["index"], {"!": url_for("rules")})

    @app.get("/help/rules")
    def rules():
        """Show the rules in English."""
        return page("!", HELP["en"]["rules"], {"?": url_for("help_")})

    @app.get("/map")
    def show_map():
        """Show which endpoint answers for which rule; leave this here."""
        return {str(rule): rule.endpoint for rule in app.url_map.iter_rules()}
