"""The table of causes names the slips that people make with Flask: the mistake, then the words.

Each mistake is code of a student's, run in this process with the notes that a box makes.
"""

import json
import logging
import re

import flask
import pytest

from course.grading.judge import diagnosis
from course.grading.judge.causes import CAUSES
from course.grading.judge.diagnosis import Sent, diagnose
from course.grading.sandbox.witness import Witness

HEAD = "from flask import Flask, request, session, g, render_template, url_for, redirect, abort\n"
APP = f"{HEAD}import os\nfrom flask import Blueprint\napp = Flask(__name__)\n"
FILE = "day01/x/exercise.py"
UPLOAD = (
    '--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\nx\r\n--b--\r\n'
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Give a function that runs a file, sends it a request, and returns the finding."""
    for name in ("dispatch_request", "handle_user_exception", "handle_exception"):
        monkeypatch.setattr(flask.Flask, name, getattr(flask.Flask, name))

    def run(text, path="/", *, templates=None, **options):
        files = {FILE: text.encode()}
        files |= {f"day01/x/templates/{n}": t.encode() for n, t in (templates or {}).items()}
        for name, data in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(data)
        witness = Witness(tmp_path)
        witness.watch_flask(flask)
        names = {"__name__": "exercise", "__file__": str(tmp_path / FILE)}
        place = str((tmp_path / FILE).parent)
        monkeypatch.setattr(flask.sansio.scaffold, "get_root_path", lambda name: place)
        sent, error = Sent(), None
        try:
            exec(compile(text, str(tmp_path / FILE), "exec"), names)  # noqa: S102
            app = names["create_app"]() if "create_app" in names else names["app"]
            app.logger.handlers[:] = [logging.NullHandler()]
            app.logger.propagate = False
            witness.watch_app(app)
            reply = app.test_client().open(path, **options)
            kind = reply.request.environ.get("CONTENT_TYPE", "none")
            sent = Sent(reply.status_code, kind.partition(";")[0])
        except Exception as raised:  # noqa: BLE001 (a student's file may raise anything)
            error = raised
        notes = json.loads(json.dumps(witness.notes(error)))
        return diagnose(notes, files, sent)

    return run


MISTAKES = {
    # The app does not start.
    "a converter below its rules": (
        APP + "@app.get('/<mobile:n>')\ndef show(n): return n\n"
        "app.url_map.converters['mobile'] = object\n",
        {},
        "The rule is above the line that registers the converter",
        5,
    ),
    "a converter that is not registered": (
        APP + "@app.get('/<mobile:n>')\ndef show(n): return n\n",
        {},
        "No converter is registered as 'mobile'. Write app.url_map.converters['mobile'] =",
        5,
    ),
    "create_app with a parameter": (
        HEAD + "def create_app(config):\n    return Flask(__name__)\n",
        {},
        "def create_app(config=None)",
        None,
    ),
    "a hook's decorator with parentheses": (
        APP + "@app.before_request()\ndef start(): pass\n",
        {},
        "@app.before_request takes no parentheses",
        5,
    ),
    "two views of one name": (
        APP + "@app.get('/a')\ndef show(): return ''\n@app.get('/b')\ndef show(): return ''\n",
        {},
        "Two views have the name show",
        7,
    ),
    "method for methods": (
        APP + "@app.route('/', method='POST')\ndef show(): return ''\n",
        {},
        "called methods, and takes a list",
        5,
    ),
    "two files that import each other": (
        APP
        + "raise ImportError(\"cannot import name 'db' from partially initialized module 'x'\")\n",
        {},
        "Two files import each other: the second one asks for db",
        5,
    ),
    "from_object with the class of a property": (
        APP + "class Settings:\n    @property\n    def SECRET_KEY(self): return 'k'\n"
        "app.config.from_object(Settings)\n@app.get('/')\ndef show():\n"
        "    return app.config['SECRET_KEY'].encode()\n",
        {},
        "app.config.from_object(Settings())",
        11,
    ),
    "from_object with the name of a class": (
        APP + "app.config.from_object('Production')\n",
        {},
        "from_object(Production)",
        5,
    ),
    "a validator without parentheses": (
        APP + "from wtforms import Form, StringField\nfrom wtforms.validators import DataRequired\n"
        "class NameForm(Form):\n    name = StringField(validators=[DataRequired])\nNameForm()\n",
        {},
        "DataRequired()",
        8,
    ),
    "another prefix": (
        APP + "app.config.from_prefixed_env('SHOP')\n@app.get('/')\ndef show(): return [1][1]\n",
        {},
        "from_prefixed_env('SHOP') reads the variables that begin with SHOP_",
        7,
    ),
    "from_file of a TOML file as text": (
        APP + "import tomllib, io\ntomllib.load(io.StringIO(''))\n",
        {},
        "Add text=False",
        6,
    ),
    # Names and values that are not there.
    "a name of Flask's that is not imported": (
        APP + "@app.get('/')\ndef show(): return jsonify(a=1)\n",
        {},
        "from flask import jsonify",
        6,
    ),
    "a name of another package that is not imported": (
        APP + "@app.get('/')\ndef show(): return Markup('x')\n",
        {},
        "from markupsafe import Markup",
        6,
    ),
    "a module that is not imported": (
        APP + "@app.get('/')\ndef show(): return re.sub('a', 'b', 'c')\n",
        {},
        "Import it: import re",
        6,
    ),
    "a name that is misspelt": (
        APP + "@app.get('/')\ndef show(): return reqest.path\n",
        {},
        "Is it misspelt",
        6,
    ),
    "a variable of the environment that is not set": (
        APP + "app.secret_key = os.environ['NO_SUCH_VARIABLE']\n",
        {},
        "There is no environment variable NO_SUCH_VARIABLE",
        5,
    ),
    "a key of the session that is not set": (
        APP + "app.secret_key = 'k'\n@app.get('/')\ndef show(): return session['user']\n",
        {},
        "session has no user yet. session.get('user', default)",
        7,
    ),
    "a key that the JSON lacks": (
        APP + "@app.post('/')\ndef show():\n    return request.get_json()['url']\n",
        {"method": "POST", "json": {}},
        "The JSON that was sent has no 'url'",
        7,
    ),
    "a key that a dict lacks": (
        APP + "links = {}\n@app.get('/')\ndef show():\n    return links['a']\n",
        {},
        "links gets a key that is not in it",
        8,
    ),
    "a value of g that is not set": (
        APP + "@app.get('/')\ndef show():\n    return str(g.started)\n",
        {},
        "g.started was not set during this request",
        7,
    ),
    "the rule of a path without one": (
        APP + "@app.errorhandler(404)\ndef show(error):\n    return request.url_rule.rule\n",
        {"path": "/none"},
        "request.url_rule is None",
        7,
    ),
    "a method of None": (
        APP + "@app.get('/')\ndef show():\n    return request.args.get('q').upper()\n",
        {},
        "What is before .upper is None here",
        7,
    ),
    "None taken apart": (
        APP + "def row(): pass\n@app.get('/')\ndef show():\n    a, b = row()\n",
        {},
        "What is taken apart here is None",
        8,
    ),
    "None compared": (
        APP + "def row(): pass\n@app.get('/')\ndef show():\n    return str(row() > 5)\n",
        {},
        "One of the two values is None",
        8,
    ),
    "None indexed": (
        APP + "def row(): pass\n@app.get('/')\ndef show():\n    return row()[0]\n",
        {},
        "What is indexed with [] here is None",
        8,
    ),
    "JSON put together by hand": (
        APP + "import json\n@app.get('/')\ndef show():\n    return json.loads('{\"a')\n",
        {},
        "What is read here is not JSON",
        8,
    ),
    "request.args called": (
        APP + "@app.get('/')\ndef show():\n    return request.args('q')\n",
        {},
        "request.args is a dict",
        7,
    ),
    "a setting as an attribute": (
        APP + "@app.get('/')\ndef show():\n    return app.config.TITLE\n",
        {},
        "app.config['TITLE']",
        7,
    ),
    # Hooks, handlers, filters and views.
    "an after_request hook without return": (
        APP + "@app.after_request\ndef note(response):\n    response.headers['A'] = 'b'\n"
        "@app.get('/')\ndef show(): return ''\n",
        {},
        "An after_request hook must return the response: end note with `return response`",
        5,
    ),
    "a before_request hook that returns its value": (
        APP + "@app.before_request\ndef start():\n    g.start = 1.5\n    return g.start\n",
        {},
        "start must return nothing if the request may go on",
        5,
    ),
    "an error handler without a parameter": (
        APP + "@app.errorhandler(404)\ndef missing(): return '', 404\n",
        {"path": "/none"},
        "Write def missing(error)",
        5,
    ),
    "an after_request hook without a parameter": (
        APP + "@app.after_request\ndef note(): pass\n@app.get('/')\ndef show(): return ''\n",
        {},
        "Write def note(response)",
        5,
    ),
    "a teardown function without a parameter": (
        APP + "@app.teardown_request\ndef close(): pass\n@app.get('/')\ndef show(): return ''\n",
        {},
        "Write def close(error)",
        5,
    ),
    "a before_request hook with a parameter": (
        APP
        + "@app.before_request\ndef start(request): pass\n@app.get('/')\ndef show(): return ''\n",
        {},
        "Write def start()",
        5,
    ),
    "a filter without a parameter": (
        APP + "@app.template_filter()\ndef price(): return ''\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{{ 5|price }}"}},
        "Write def price(value)",
        None,
    ),
    "a filter that wants more": (
        APP + "@app.template_filter()\ndef since(day, today): return ''\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "\n{{ 5|since }}"}},
        "gives the filter since no value for its parameter today",
        None,
    ),
    "a filter with too few parameters": (
        APP + "@app.template_filter()\ndef since(day): return ''\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{{ 5|since(6) }}"}},
        "Give since a parameter for each",
        None,
    ),
    "a view without the parameter of its rule": (
        APP + "@app.get('/<language>')\ndef rules(): return ''\n",
        {"path": "/en"},
        "has a <language>, and the view has no such parameter. Write def rules(language)",
        5,
    ),
    "a parameter that the rule lacks": (
        APP + "@app.get('/<n>')\ndef show(n, number): return ''\n",
        {"path": "/5"},
        "The view has a parameter number, and its rule has no <number>",
        5,
    ),
    "a context processor that returns nothing": (
        APP + "@app.context_processor\ndef names(): pass\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "x"}},
        "A context processor must return a dict",
        8,
    ),
    # Templates.
    "a template that is not there": (
        APP + "@app.get('/')\ndef show(): return render_template('index.html')\n",
        {"templates": {"exercise_seats.html": "x", "row.html": "y"}},
        "The folder templates has: exercise_seats.html.",
        6,
    ),
    "a template that may be missing": (
        APP + "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{% include 'exercise_notice.html' %}"}},
        "Write {% include ... ignore missing %} if this template may be missing",
        None,
    ),
    "a field that is misspelt in the template": (
        APP + "@app.get('/')\ndef show(): return render_template('exercise.html', form={})\n",
        {"templates": {"exercise.html": "{{ form.seat.label }}"}},
        "There is no seat in it",
        None,
    ),
    "a macro without a parameter": (
        APP + "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{% macro card() %}{% endmacro %}{{ card(5) }}"}},
        "Write {% macro card(...) %} with a parameter",
        None,
    ),
    "template_filter without parentheses": (
        APP + "@app.template_filter\ndef price(n): return ''\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{{ 5|price }}"}},
        "@app.template_filter without parentheses registers nothing",
        None,
    ),
    "a filter that is not registered": (
        APP + "def price(n): return ''\n"
        "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{{ 5|price }}"}},
        "The function price is there, and not registered",
        None,
    ),
    "a filter of another name": (
        APP + "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "{{ 5|price }}"}},
        "No filter is registered under this name",
        None,
    ),
    "a name that the template is not given": (
        APP + "@app.get('/')\ndef show(): return render_template('exercise.html')\n",
        {"templates": {"exercise.html": "\n{{ guest.name }}"}},
        "render_template(guest=...)",
        None,
    ),
    "url_for with a path": (
        APP + "@app.get('/')\ndef show(): return redirect(url_for('/guests'))\n",
        {},
        "url_for takes an endpoint",
        6,
    ),
    # Contexts, values, databases.
    "request outside of a view": (
        APP + "name = request.args.get('name')\n",
        {},
        "only while a view, a hook or a handler runs",
        5,
    ),
    "url_for outside of a view": (APP + "home = url_for('show')\n", {}, "app.app_context()", 5),
    "no secret key": (
        APP + "@app.get('/')\ndef show():\n    session['a'] = 1\n    return ''\n",
        {},
        "Set app.secret_key",
        7,
    ),
    "a set as JSON": (
        APP + "@app.get('/')\ndef show(): return {'a': {1}}\n",
        {},
        "Make one of these of the set first",
        5,
    ),
    "no table": (
        APP + "import sqlite3\n@app.get('/')\ndef show():\n"
        "    db = sqlite3.connect(':memory:')\n    try:\n"
        "        return db.execute('drop table book')\n    finally:\n        db.close()\n",
        {},
        "Call db.create_all()",
        10,
    ),
    "words of the client in the SQL": (
        APP + "import sqlite3\n@app.get('/')\ndef show():\n"
        "    db = sqlite3.connect(':memory:')\n    try:\n"
        "        return db.execute(f\"select '{request.args['q']}'\")\n    finally:\n"
        "        db.close()\n",
        {"path": "/?q=Alice's"},
        "What the client sent is a part of the SQL here",
        10,
    ),
    "a session that is not rolled back": (
        APP + "class PendingRollbackError(Exception): pass\n"
        "@app.get('/')\ndef show(): raise PendingRollbackError\n",
        {},
        "Call db.session.rollback()",
        7,
    ),
    "a row that exists": (
        APP + "class IntegrityError(Exception): pass\n"
        "@app.get('/')\ndef show(): raise IntegrityError\n",
        {},
        "Catch IntegrityError there",
        7,
    ),
    "rows that would be left alone": (
        APP + "class IntegrityError(Exception): pass\n@app.get('/')\ndef show():\n"
        "    raise IntegrityError('NOT NULL constraint failed: n.b [SQL: UPDATE note SET')\n",
        {},
        'cascade="all, delete-orphan"',
        8,
    ),
    "a column without a value": (
        APP + "class IntegrityError(Exception): pass\n@app.get('/')\ndef show():\n"
        "    raise IntegrityError('NOT NULL constraint failed: note.text')\n",
        {},
        "The column note.text must have a value",
        8,
    ),
    "a line break in a header": (
        APP + "class BadHeaderError(Exception): pass\n"
        "@app.get('/')\ndef show(): raise BadHeaderError\n",
        {},
        "A header of a mail must not hold a line break",
        7,
    ),
    "texts for compare_digest": (
        APP + "import hmac\n@app.get('/')\ndef show(): return hmac.compare_digest('é', 'a')\n",
        {},
        "encode both",
        7,
    ),
    "a mail that cannot be sent": (
        APP + "def send(): raise ConnectionRefusedError(111)\n"
        "@app.get('/')\ndef show(): return send()\n",
        {},
        "raises an OSError",
        5,
    ),
    # Responses that Flask makes.
    "request.form for JSON": (
        APP + "@app.post('/')\ndef show(): return request.form['url']\n",
        {"method": "POST", "json": {"url": "x"}},
        "JSON is in request.get_json()",
        6,
    ),
    "request.args for a form": (
        APP + "@app.post('/')\ndef show(): return request.args['url']\n",
        {"method": "POST", "data": {"url": "x"}},
        "The fields of a form that is sent with POST are in request.form",
        6,
    ),
    "request.form for a query": (
        APP + "@app.get('/')\ndef show(): return request.form['q']\n",
        {"path": "/?q=x"},
        "What is behind the ? of the URL is in request.args",
        6,
    ),
    "request.form for a file": (
        APP + "@app.post('/')\ndef show(): return request.form['photo']\n",
        {"method": "POST", "data": UPLOAD, "content_type": "multipart/form-data; boundary=b"},
        "Files are in request.files",
        6,
    ),
    "a key of the form that is not there": (
        APP + "@app.post('/')\ndef show(): return request.form['url']\n",
        {"method": "POST", "data": {"address": "x"}},
        "request.form.get('...') returns None instead",
        6,
    ),
    "a key that is asked for elsewhere": (
        APP + "@app.get('/')\ndef show():\n    values = request.args\n    return values['url']\n",
        {},
        "Flask responds with 400 if a key of the request is not there",
        8,
    ),
    "request.json for a form": (
        APP + "@app.post('/')\ndef show(): return request.json['url']\n",
        {"method": "POST", "data": {"url": "x"}},
        "take only a body of the type application/json",
        6,
    ),
    "a rule with a slash at its end": (
        APP + "@app.get('/teas/')\ndef show(): return ''\n",
        {"path": "/teas"},
        "The rule ends with a slash",
        None,
    ),
    "a guard of the whole app": (
        APP + "bp = Blueprint('staff', __name__)\n@bp.before_app_request\ndef guard(): abort(403)\n"
        "app.register_blueprint(bp)\n@app.get('/')\ndef show(): return ''\n",
        {},
        "before_app_request runs before each view of the whole app",
        7,
    ),
    "a before_request hook that returns an empty text": (
        APP + "@app.before_request\ndef guard(): return ''\n",
        {},
        "guard must return nothing, not even an empty text",
        5,
    ),
    "a hook of the app that answers": (
        APP + "@app.before_request\ndef guard(): return '', 403\n",
        {},
        "before_request of the app runs before every view",
        5,
    ),
    "a missing methods=": (
        APP + "@app.route('/')\ndef show(): return ''\n",
        {"method": "POST"},
        "The path has a rule, and it takes GET only: give the rule methods=[...]",
        5,
    ),
    "an error handler without a status code": (
        APP + "@app.errorhandler(404)\ndef missing(error): return 'sorry'\n",
        {"path": "/none"},
        "The error handler missing returns no status code, so the response has 200",
        5,
    ),
    "tokens switched off": (
        APP + "app.config['WTF_CSRF_ENABLED'] = False\n",
        {},
        "WTF_CSRF_ENABLED = False, or csrf = False in a class Meta, switches the tokens off",
        None,
    ),
    "a list changed inside the session": (
        APP + "def look(name): session['seen'].append(name)\n",
        {},
        "session['seen'] = [...]",
        None,
    ),
    "a list of the session that is not put back": (
        APP
        + "def look(name):\n    seen = session.setdefault('seen', [])\n    seen.insert(0, name)\n",
        {},
        "Write session['seen'] = ... after it",
        None,
    ),
    "a formatter that is a class": (
        APP + "def add(handler): handler.setFormatter(LineFormatter)\n",
        {},
        "setFormatter takes an object, and LineFormatter is a class: write LineFormatter(...)",
        0,
    ),
    "a log format with a wrong name": (
        APP + "FORMAT = '%(level)s %(message)s'\n",
        {},
        "A line of a log has no level. It has levelname",
        0,
    ),
    "a converter without a way back": (
        APP + "from werkzeug.routing import BaseConverter\n"
        "class Up(BaseConverter):\n    def to_url(self, value): value.upper()\n"
        "app.url_map.converters['up'] = Up\n@app.get('/x/<up:name>')\ndef x(name): return name\n"
        "@app.get('/')\ndef show(): return url_for('x', name='a')\n",
        {},
        "to_url of a converter returns None",
        None,
    ),
    "a converter on the app": (
        APP + "app.converters['up'] = object\n",
        {},
        "Converters are registered on the map of rules: app.url_map.converters",
        None,
    ),
    "a function for url_for": (
        APP + "@app.get('/')\ndef show(): return url_for(show)\n",
        {},
        "url_for takes the name of a view as a text: url_for('show')",
        None,
    ),
    "current_app is called": (
        APP + "from flask import current_app\n@app.get('/')\n"
        "def show(): return current_app().name\n",
        {},
        "current_app is the app itself",
        None,
    ),
    "headers before the status code": (
        APP + "@app.get('/')\ndef show(): return 'x', {'X-A': 'b'}, 403\n",
        {},
        "A view returns its values in this order",
        None,
    ),
    "SameSite as a truth value": (
        APP + "app.config.update(SECRET_KEY='k', SESSION_COOKIE_SAMESITE=True)\n"
        "@app.get('/')\ndef show(): session['a'] = 1; return ''\n",
        {},
        "SESSION_COOKIE_SAMESITE is a text",
        None,
    ),
    "a form for JSON": (
        APP + "@app.post('/')\ndef show():\n    if not request.form: abort(400)\n",
        {"method": "POST", "json": {}},
        "The body is JSON: request.get_json() reads it",
        None,
    ),
    "a field for a file": (
        APP + "@app.post('/')\ndef show():\n    if not request.form: abort(400)\n",
        {"method": "POST", "data": {}, "content_type": "multipart/form-data; boundary=b"},
        "A file of a form is in request.files",
        None,
    ),
    "a query for a form": (
        APP + "@app.post('/')\ndef show():\n    if not request.args: abort(400)\n",
        {"method": "POST", "data": {"a": "b"}},
        "The fields of a form are in request.form",
        None,
    ),
    "a validator without a list": (
        APP + "from wtforms import Form, StringField\nfrom wtforms.validators import DataRequired\n"
        "class TeaForm(Form):\n    name = StringField(validators=DataRequired())\nTeaForm()\n",
        {},
        "validators takes a list: validators=[DataRequired(...)]",
        None,
    ),
    "a form that is a class": (
        APP + "from wtforms import Form\nclass TeaForm(Form): pass\n"
        "@app.get('/')\ndef show():\n    form = TeaForm\n    return str(form.validate())\n",
        {},
        "A form is an object of its class: write TeaForm()",
        None,
    ),
    "pairs of messages without categories": (
        APP + "app.secret_key = 'k'\n@app.get('/')\ndef show():\n"
        "    session['_flashes'] = [('a', 'saved')]\n    return render_template('exercise.html')\n",
        {
            "templates": {
                "exercise.html": "{% for a, b in get_flashed_messages() %}{{ b }}{% endfor %}"
            }
        },
        "get_flashed_messages gives pairs only with (with_categories=true)",
        None,
    ),
    "an extension without init_app": (
        APP + "from flask_mail import Mail, Message\nmail = Mail()\n"
        "@app.get('/')\ndef show(): mail.send(Message('a', ['a@example.com'], 'b')); return ''\n",
        {},
        "call mail.init_app(app)",
        None,
    ),
    "a proxy around the app itself": (
        APP + "from werkzeug.middleware.proxy_fix import ProxyFix\n"
        "app.wsgi_app = ProxyFix(app, x_for=1)\n@app.get('/')\ndef show(): return ''\n",
        {},
        "ProxyFix wraps app.wsgi_app",
        None,
    ),
    "a protection without an app": (
        APP
        + "from flask_wtf import CSRFProtect\nCSRFProtect()\n"
        + "@app.get('/')\ndef show(): return ''\n",
        {},
        "CSRFProtect() protects nothing before it gets the app",
        0,
    ),
    "two conditions with and": (
        APP
        + "def find(kind):\n    return select(Seat).where(Seat.kind == kind and Seat.left > 0)\n",
        {},
        "In where(), `and` leaves only one of the conditions",
        0,
    ),
    "a flush without a commit": (
        APP + "def keep(db):\n    db.session.flush()\n\ndef other(db):\n    db.session.commit()\n",
        {},
        "only session.commit keeps it",
        None,
    ),
    "no commit": (
        APP + "def keep(db, book): db.session.add(book)\n@app.get('/')\ndef show(): return ''\n",
        {},
        "The file calls session.add and never session.commit()",
        None,
    ),
    "errorhandler without parentheses": (
        APP + "@app.errorhandler\ndef missing(error): return '', 404\n",
        {"path": "/none"},
        "@app.errorhandler without parentheses registers nothing",
        None,
    ),
    "a route without parentheses": (
        APP + "@app.get\ndef show(): return ''\n",
        {},
        "@app.get without parentheses registers no view",
        None,
    ),
    "a wrong prefix": (
        APP + "bp = Blueprint('api', __name__)\n@bp.get('/courses')\ndef show(): return ''\n"
        "app.register_blueprint(bp, url_prefix='/ap')\n",
        {"path": "/api/courses"},
        "No rule fits this path. The app has: GET /ap/courses.",
        None,
    ),
}


def test_an_exception_that_is_caught_and_logged_is_told(run):
    finding = run(
        APP + "@app.get('/')\ndef show():\n    try:\n        render_template('receipt.txt')\n"
        "    except OSError:\n        app.logger.exception('no mail')\n    return ''\n",
        templates={"exercise.txt": "x"},
    )
    assert finding.error == "TemplateNotFound: receipt.txt (exercise.py:8)"
    assert "The folder templates has: exercise.txt." in finding.cause


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line(run, name):
    text, options, words, line = MISTAKES[name]
    finding = run(text, **options)
    assert words in finding.cause
    if line:
        assert finding.place == f"exercise.py:{line}"
    if finding.error and finding.place:
        assert finding.place in finding.error


@pytest.mark.second_half
def test_every_cause_has_a_mistake_in_this_file(run):
    found = {run(text, **options).cause for text, options, *_ in MISTAKES.values()}
    for cause in CAUSES:
        if cause.text.startswith("Import it: from ") and "flask" not in cause.text:
            continue  # one for each package, of which one is tried
        text = ".+".join(
            map(re.escape, re.split(r"\{\w+\}", cause.text.replace("{{", "{").replace("}}", "}")))
        )
        assert any(re.fullmatch(text, each) for each in found), cause.text


def test_the_line_of_a_file_in_a_folder_of_the_exercise_is_its_own():
    frames = [("exercise.py", 76), ("exercise_migrations/versions/0002_a.py", 13), ("app.py", 5)]
    assert diagnosis._own(frames) == "exercise_migrations/versions/0002_a.py:13"
    assert diagnosis._own([("app.py", 5)]) == "app.py:5"
