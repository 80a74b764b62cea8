"""Show which folders belong to an application object, and change where its files are found.

From the name of the module, ``Flask(__name__)`` finds the module's folder. There it looks for the
templates and the static files. Three arguments change the two folders and the URL.

Run it: flask --app day01.application.app run --debug
"""

from flask import Flask, current_app, render_template

app = Flask(__name__)

# The same folders as above, written out; only the URL of the static files differs.
handbook = Flask(
    __name__,
    template_folder="templates",
    static_folder="static",
    static_url_path="/python",
)

api = Flask(__name__, static_folder=None)


@app.get("/")
@handbook.get("/")
def index():
    """Return a page; ``current_app`` is the one of the two apps that handles the request."""
    return render_template("index.html", app=current_app)


@api.get("/")
def get_status():
    """Return JSON to other programs: they need no style sheet, so ``api`` has no static files."""
    return {"status": "ok"}
