"""Build the application object and see which folders belong to it.

From the name of the module, ``Flask(__name__)`` finds the folder of the project. Below that folder
it looks for the templates it renders and for the static files it sends as they are. Three arguments
change where these lie and under which address they are reached.

Run it: flask --app day01.application.app run --debug
"""

from flask import Flask, current_app, render_template

app = Flask(__name__)

# The same folders as above, spelt out; only the address of the static files is another one.
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
    """Show a page; ``current_app`` is the one of the two applications that is answering."""
    return render_template("index.html", app=current_app)


@api.get("/")
def status():
    """Answer other programs: they need no style sheet, so ``api`` has no static files."""
    return {"status": "ok"}
