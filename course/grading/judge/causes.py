"""Causes of failures, as a table: what a mistake looks like, and what to say of it.

``diagnosis`` takes the first row that fits. To add a cause, add a row, and to
``tests/course/test_causes.py`` the mistake in code.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

_SHORT_NAMES = (
    "Blueprint|Flask|Response|abort|after_this_request|current_app|flash|g|get_flashed_messages|"
    "jsonify|make_response|redirect|render_template|render_template_string|request|"
    "send_from_directory|session|url_for"
)
_PACKAGES = {
    "datetime": "date|timedelta",
    "markupsafe": "Markup|escape",
    "pathlib": "Path",
    "sqlalchemy": "ForeignKey|String|UniqueConstraint|select",
    "sqlalchemy.exc": "IntegrityError",
    "sqlalchemy.orm": "Mapped|mapped_column|relationship",
    "werkzeug.exceptions": "Conflict|HTTPException|NotFound",
    "werkzeug.routing": "BaseConverter|BuildError|ValidationError",
    "wtforms": "BooleanField|IntegerField|PasswordField|SelectField|StringField|SubmitField",
    "wtforms.validators": "DataRequired|EqualTo|Length|NumberRange",
}
_STANDARD = "|".join(sorted(name for name in sys.stdlib_module_names if name[0] != "_"))


@dataclass(frozen=True)
class Cause:
    """One row: regular expressions, of which each that is not empty has to fit, and the text.

    ``source`` and ``text`` may name groups of the other fields in braces; ``text`` also
    ``{templates}``, ``{rules}`` and ``{methods}`` (of the path), where they are known.
    """

    text: str
    error: str = ""
    """The whole name of the exception's type."""
    says: str = ""
    """A part of its message."""
    line: str = ""
    """A part of the student's line that raised it."""
    role: str = ""
    """What the function is in the app that answered, or that is the group ``function``."""
    status: str = ""
    """The whole status code of the response."""
    kind: str = ""
    """The whole content type of the request; ``none`` where it has no body."""
    source: str = ""
    """A part of exercise.py."""
    first: bool = False
    """Whether it is a slip in what was written, whatever is still to do: it is told first."""
    hint: bool = False
    """Whether the hint of the test may be told beside it."""

    @property
    def is_slip(self) -> bool:
        """Whether it is found in exercise.py alone."""
        others = (self.error, self.says, self.line, self.role, self.status, self.kind)
        return bool(self.source) and not any(others)


CAUSES = (
    # The app does not start.
    Cause(
        "The rule is above the line that registers the converter. Move the line with "
        "app.url_map.converters above all rules that use it.",
        error="LookupError",
        says=r"the converter '(?P<name>\w+)' does not exist",
        source=r"converters\[\s*[\"']{name}[\"']\s*\]\s*=",
    ),
    Cause(
        "No converter is registered as '{name}'. Write app.url_map.converters['{name}'] = and the "
        "converter's class, above the rules that use it.",
        error="LookupError",
        says=r"the converter '(?P<name>\w+)' does not exist",
    ),
    Cause(
        "Flask calls create_app() without arguments. Give the parameter a default: "
        "def create_app({name}=None).",
        error="TypeError",
        says=r"create_app\(\) missing 1 required positional argument: '(?P<name>\w+)'",
    ),
    Cause(
        "@app.{name} takes no parentheses: write it without ().",
        error="TypeError",
        says=r"\.(?P<name>\w+)\(\) missing 1 required positional argument: 'f'",
    ),
    Cause(
        "Two views have the name {name}. Give the second one another name.",
        error="AssertionError",
        says=r"overwriting an existing endpoint function: (?P<name>\S+)",
    ),
    Cause(
        "The parameter is called methods, and takes a list: methods=['GET', 'POST'].",
        error="TypeError",
        says="unexpected keyword argument 'method'|Allowed methods must be a list",
    ),
    Cause(
        "Two files import each other: the second one asks for {name} before it is made.",
        error="ImportError",
        says=r"cannot import name '(?P<name>\w+)' from partially initialized module",
    ),
    Cause(
        "from_object got the class, and a property has a value only in an instance: "
        "app.config.from_object({name}()).",
        says="'property' object",
        source=r"from_object\((?P<name>[\w.]+(?:\[[^\]]*\])?)\)",
    ),
    Cause(
        "from_file opens the file as text, and tomllib reads bytes. Add text=False.",
        error="TypeError",
        says="File must be opened in binary mode",
    ),
    Cause(
        "from_object takes the class itself, or an instance: from_object({name}).",
        error="ImportStringError",
        says=r"failed for '(?P<name>\w+)'",
    ),
    Cause(
        "A validator is written with parentheses: {name}().",
        error="TypeError",
        says=r"\.(?P<name>\w+)'> is not a valid validator because it is a class",
    ),
    # Names and values that are not there.
    Cause(
        "Import it: from flask import {name}.",
        error="NameError",
        says=rf"name '(?P<name>{_SHORT_NAMES})' is not defined",
        first=True,
    ),
    *(
        Cause(
            f"Import it: from {module} import {{name}}.",
            error="NameError",
            says=rf"name '(?P<name>{names})' is not defined",
            first=True,
        )
        for module, names in _PACKAGES.items()
    ),
    Cause(
        "Import it: import {name}.",
        error="NameError",
        says=rf"name '(?P<name>{_STANDARD})' is not defined",
        first=True,
    ),
    Cause(
        "The name is used, and never set. Is it misspelt, or is its import missing?",
        error="NameError",
        says=r"name '(?P<name>\w+)' is not defined",
        first=True,
    ),
    Cause(
        "There is no environment variable {name}. os.environ.get('{name}', default) takes a "
        "default for this case.",
        error="KeyError",
        says="'(?P<name>[^']+)'",
        line=r"os\.environ\[",
    ),
    Cause(
        "This visitor's session has no {name} yet. session.get('{name}', default) takes a default "
        "for this case, and session.pop('{name}', None) removes without asking.",
        error="KeyError",
        says="'(?P<name>[^']+)'",
        line=r"session(?:\[|\.pop)",
    ),
    Cause(
        "The JSON that was sent has no '{name}'. Look whether the key is there before you use it.",
        error="KeyError",
        says="'(?P<name>[^']+)'",
        line=r"\bjson\[|get_json\(|\bdata\[|\bbody\[",
    ),
    Cause(
        "{line} gets a key that is not in it. Use .get(), or answer with 404 if there is no such "
        "key.",
        error="KeyError",
        line=r"(?P<line>[\w.]+)\[",
    ),
    Cause(
        "g.{name} was not set during this request: the function that sets it has not run. A "
        "before_request hook that returns a response ends the hooks after it.",
        error="AttributeError",
        says=r"^(?P<name>\w+)$",
        line=r"\bg\.",
    ),
    Cause(
        "For a path without a rule request.url_rule is None. request.path is always there.",
        error="AttributeError",
        says="'NoneType' object has no attribute",
        line="url_rule",
    ),
    Cause(
        "What is before .{name} is None here. Look for the case in which it is not set.",
        error="AttributeError",
        says=r"'NoneType' object has no attribute '(?P<name>\w+)'",
    ),
    Cause(
        "What is taken apart here is None: there is no such row or value. Look for None first.",
        error="TypeError",
        says="cannot unpack non-iterable NoneType",
    ),
    Cause(
        "One of the two values is None: nothing was sent, or another check has refused it. Look "
        "for None first.",
        error="TypeError",
        says="not supported between instances of .*NoneType",
    ),
    Cause(
        "What is indexed with [] here is None. Look for the case in which it is not set.",
        error="TypeError",
        says="'NoneType' object is not subscriptable",
    ),
    Cause(
        "What is read here is not JSON. json.dumps writes JSON, with quotes and line breaks in "
        "texts; a text put together by hand has them as they are.",
        error="JSONDecodeError",
    ),
    Cause(
        "request.{name} is a dict: its values are asked for in brackets, or with "
        "request.{name}.get().",
        error="TypeError|AttributeError",
        says="'ImmutableMultiDict' object",
        line=r"request\.(?P<name>args|form|values)",
    ),
    Cause(
        "Settings are asked for with brackets: app.config['{name}'].",
        error="AttributeError",
        says=r"'Config' object has no attribute '(?P<name>\w+)'",
    ),
    # Hooks, handlers, filters and views that Flask calls otherwise than they are written.
    Cause(
        "An after_request hook must return the response: end {function} with `return response`.",
        error="HookReturned",
        role="after_request",
        first=True,
    ),
    Cause(
        "What a before_request hook returns is taken as the response, and no view runs. {function} "
        "must return nothing if the request may go on: remove the return.",
        error="TypeError",
        says="did not return a valid response",
        role="before_request",
        first=True,
    ),
    Cause(
        "Flask gives an error handler the exception. Write def {function}(error).",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) takes 0 positional arguments but 1 was given",
        role="error handler",
        first=True,
    ),
    Cause(
        "Flask gives an after_request hook the response. Write def {function}(response).",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) takes 0 positional arguments but 1 was given",
        role="after_request",
        first=True,
    ),
    Cause(
        "Flask calls this teardown function with the exception, or None. Write def "
        "{function}(error).",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) takes 0 positional arguments but 1 was given",
        role="teardown.*",
        first=True,
    ),
    Cause(
        "Flask calls a before_request hook without arguments. Write def {function}(), and use "
        "request.",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) missing 1 required positional argument",
        role="before_request",
        first=True,
    ),
    Cause(
        "A filter gets the value before the | as its first argument. Write def {function}(value).",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) takes 0 positional arguments but",
        role="template (?:filter|test)",
        first=True,
    ),
    Cause(
        "The template gives the filter {function} no value for its parameter {name}. Write "
        "{function}(...) behind the |, or give the parameter a default.",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) missing \d+ required positional arguments?: '(?P<name>\w+)'",
        role="template (?:filter|test|global)",
    ),
    Cause(
        "A filter gets the value before the | and the arguments in its parentheses. Give "
        "{function} a parameter for each.",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) takes \d+ positional arguments? but \d+ were given",
        role="template (?:filter|test|global)",
    ),
    Cause(
        "The rule of this view has a <{name}>, and the view has no such parameter. Write "
        "def {function}({name}).",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) got an unexpected keyword argument '(?P<name>\w+)'",
        role="view",
        first=True,
    ),
    Cause(
        "The view has a parameter {name}, and its rule has no <{name}>: the two names must be the "
        "same.",
        error="TypeError",
        says=r"\b(?P<function>\w+)\(\) missing \d+ required positional arguments?: '(?P<name>\w+)'",
        role="view",
        first=True,
    ),
    Cause(
        "A context processor must return a dict: the names for all templates, with their values.",
        error="TypeError|ValueError",
        says="'(?:NoneType|function)' object is not iterable|dictionary update sequence",
        source="context_processor",
    ),
    # Templates.
    Cause(
        "Write {{% include ... ignore missing %}} if this template may be missing. The folder "
        "templates has: {templates}.",
        error="TemplateNotFound",
        line=r"include (?!.*ignore missing)",
        first=True,
    ),
    Cause(
        "The folder templates has: {templates}. A template is named by its path in that folder.",
        error="TemplateNotFound",
        first=True,
    ),
    Cause(
        "@app.template_{kind} without parentheses registers nothing: write @app.template_{kind}().",
        error="TemplateAssertionError|TemplateRuntimeError",
        says=r"No (?P<kind>filter|test) named '(?P<name>\w+)'",
        source=r"@\w+\.(?:app_)?template_{kind}[ \t]*\r?\n[ \t]*def {name}\b",
        first=True,
    ),
    Cause(
        "The function {name} is there, and not registered: write @app.template_{kind}() above it.",
        error="TemplateAssertionError|TemplateRuntimeError",
        says=r"No (?P<kind>filter|test) named '(?P<name>\w+)'",
        source=r"^[ \t]*def {name}\b",
        first=True,
    ),
    Cause(
        "No {kind} is registered under this name: compare it with the name at "
        "@app.template_{kind}().",
        error="TemplateAssertionError|TemplateRuntimeError",
        says=r"No (?P<kind>filter|test) named '(?P<name>\w+)'",
        first=True,
    ),
    Cause(
        "The template uses {name}. Give it to render_template({name}=...), or correct its name.",
        error="UndefinedError",
        says=r"^'(?P<name>\w+)' is undefined",
    ),
    Cause(
        "There is no {name} in it: is it misspelt in the template?",
        error="UndefinedError",
        says=r"has no attribute '(?P<name>\w+)'",
    ),
    Cause(
        "A macro sees only its parameters. Write {{% macro {name}(...) %}} with a parameter for "
        "each value that it is called with.",
        error="TypeError",
        says=r"macro '(?P<name>\w+)' takes (?:not more than|no keyword)",
    ),
    Cause(
        "url_for takes an endpoint, the name of a view, and not a path.",
        error="BuildError",
        says="for endpoint '/",
        first=True,
    ),
    # Contexts, values, databases.
    Cause(
        "request and session exist only while a view, a hook or a handler runs. Move this line "
        "into one.",
        error="RuntimeError",
        says="outside of request context",
    ),
    Cause(
        "This needs an app context. Write it in a view, or below `with app.app_context():`.",
        error="RuntimeError",
        says="outside of application context",
    ),
    Cause(
        "Set app.secret_key, or SECRET_KEY in the settings, before the first request.",
        error="RuntimeError",
        says="no secret key was set",
    ),
    Cause(
        "JSON has texts, numbers, true, false, null, lists and objects. Make one of these of the "
        "{name} first.",
        error="TypeError",
        says=r"Object of type (?P<name>\w+) is not JSON serializable",
    ),
    Cause(
        "The table does not exist. Call db.create_all() in the app context, after the models are "
        "defined.",
        error="OperationalError|ProgrammingError",
        says="no such table",
    ),
    Cause(
        "What the client sent is a part of the SQL here. Give it to execute as a parameter.",
        error="OperationalError|ProgrammingError",
        says="syntax error|unrecognized token|no such column",
        first=True,
    ),
    Cause(
        "The commit before has failed, and the session still holds it. Call db.session.rollback() "
        "where the error is caught.",
        error="PendingRollbackError",
    ),
    Cause(
        "The rows that belong to this one would be left without it. Give the relationship "
        'cascade="all, delete-orphan".',
        error="IntegrityError",
        says="NOT NULL constraint failed.* UPDATE ",
    ),
    Cause(
        "The column {name} must have a value, and got None.",
        error="IntegrityError",
        says=r"NOT NULL constraint failed: (?P<name>[\w.]+)",
    ),
    Cause(
        "The database refuses the change when it is written, in flush or commit. Catch "
        "IntegrityError there, and call db.session.rollback().",
        error="IntegrityError",
    ),
    Cause(
        "A header of a mail must not hold a line break. Look at the text before the Message is "
        "made: not text.isprintable().",
        error="BadHeaderError",
    ),
    Cause(
        "hmac.compare_digest compares texts of ASCII characters only, and bytes of all kinds: "
        "encode both.",
        error="TypeError",
        says="comparing strings with non-ASCII",
    ),
    Cause(
        "Nothing listens for mail there. A mail that cannot be sent raises an OSError or an "
        "SMTPException.",
        error="ConnectionRefusedError",
        line="send",
    ),
    # Responses that Flask makes before, or in place of, the view's own.
    Cause(
        "The view asks for a key that the request does not have: request.{name}. JSON is in "
        "request.get_json().",
        error="BadRequestKeyError",
        line=r"request\.(?P<name>\w+)",
        kind="application/json",
    ),
    Cause(
        "The fields of a form that is sent with POST are in request.form; request.args has those "
        "behind the ? of the URL.",
        error="BadRequestKeyError",
        line=r"request\.args",
        kind=".*form.*",
    ),
    Cause(
        "What is behind the ? of the URL is in request.args; request.form has the fields of a form "
        "that is sent with POST.",
        error="BadRequestKeyError",
        line=r"request\.form",
        kind="none",
    ),
    Cause(
        "Files are in request.files, and not in request.form.",
        error="BadRequestKeyError",
        line=r"request\.form",
        kind="multipart/form-data",
    ),
    Cause(
        "Flask responds with 400 if request.{name}['...'] does not find its key. "
        "request.{name}.get('...') returns None instead.",
        error="BadRequestKeyError",
        line=r"request\.(?P<name>\w+)",
    ),
    Cause(
        "Flask responds with 400 if a key of the request is not there.",
        error="BadRequestKeyError",
    ),
    Cause(
        "request.json and request.get_json() take only a body of the type application/json.",
        error="UnsupportedMediaType",
        line="json",
    ),
    Cause(
        "The rule ends with a slash, and the path that was sent does not.",
        status="308",
    ),
    Cause(
        "What a before_request hook returns is the response, and no view runs. {function} must "
        "return nothing, not even an empty text, if the request may go on.",
        role="before_request",
        status="2..",
        first=True,
    ),
    Cause(
        "before_app_request runs before each view of the whole app. before_request of a blueprint "
        "runs before the views of this blueprint.",
        role="before_request",
        source="before_app_request",
        status="[345]..",
        first=True,
    ),
    Cause(
        "before_request of the app runs before every view. before_request of a blueprint runs "
        "before the views of this blueprint.",
        role="before_request",
        source=r"@app\.before_request",
        status="[345]..",
        hint=True,
    ),
    Cause(
        "The path has a rule, and it takes {methods} only: give the rule methods=[...], or write a "
        "view of its own for the other method.",
        status="405",
    ),
    Cause(
        "The error handler {function} returns no status code, so the response has 200. Return two "
        "values, as in: return ..., 404.",
        role="error handler",
        status="200",
        first=True,
    ),
    # What a function of Flask got, or gave.
    Cause(
        "to_url of a converter returns None: is a `return` missing?",
        error="TypeError",
        says=r"sequence item \d+: expected str instance, NoneType found",
        source=r"def to_url\(",
    ),
    Cause(
        "Converters are registered on the map of rules: app.url_map.converters['...'] = ...",
        error="AttributeError",
        says="'Flask' object has no attribute 'converters'",
    ),
    Cause(
        "url_for takes the name of a view as a text: url_for('{name}').",
        error="TypeError",
        says="'function' object is not subscriptable",
        line=r"url_for\((?P<name>\w+)",
    ),
    Cause(
        "current_app is the app itself: write it without parentheses.",
        error="TypeError",
        says=r"Flask\.__call__\(\) missing",
        line=r"current_app\(\)",
    ),
    Cause(
        "A view returns its values in this order: text, status code, headers.",
        error="TypeError",
        says="'int' object is not iterable",
        source=r"return [^\n]*\}},\s*\d{{3}}\b",
    ),
    Cause(
        "SESSION_COOKIE_SAMESITE is a text: 'Lax' or 'Strict'.",
        error="AttributeError",
        says="'bool' object has no attribute 'title'",
        source="SESSION_COOKIE_SAMESITE",
    ),
    Cause(
        "validators takes a list: validators=[{name}(...)].",
        error="TypeError",
        says=r"'(?P<name>DataRequired|Email|EqualTo|Length|NumberRange)' object is not iterable",
    ),
    Cause(
        "A form is an object of its class: write {name}(), with parentheses.",
        error="TypeError",
        says=r"\bvalidate(?:_on_submit)?\(\) missing 1 required positional argument: 'self'",
        source=r"= (?P<name>\w*Form)[ \t]*\r?\n",
    ),
    Cause(
        "get_flashed_messages gives pairs only with (with_categories=true).",
        error="ValueError",
        says="values to unpack",
        line=r"get_flashed_messages\(\)",
    ),
    Cause(
        "The extension is not connected with this app: call mail.init_app(app).",
        error="KeyError",
        says="^'mail'$",
    ),
    Cause(
        "ProxyFix wraps app.wsgi_app. Around the app itself, each calls the other without end: "
        "app.wsgi_app = ProxyFix(app.wsgi_app, ...).",
        error="RecursionError",
        source=r"\.wsgi_app\s*=\s*\w+\(\s*\w+\s*,",
    ),
    # The body is looked for in the wrong place.
    Cause(
        "The body is JSON: request.get_json() reads it. request.form has the fields of a form.",
        status="400|415|422",
        kind="application/json",
        source=r"(?s)\A(?!.*(?:get_json|request\.json)).*request\.form",
    ),
    Cause(
        "A file of a form is in request.files; request.form has the other fields.",
        status="400|415|422",
        kind="multipart/form-data",
        source=r"(?s)\A(?!.*request\.files).*request\.form",
    ),
    Cause(
        "The fields of a form are in request.form; request.args has those behind the ? of the URL.",
        status="400|422",
        kind="application/x-www-form-urlencoded",
        source=r"(?s)\A(?!.*request\.form).*request\.args",
    ),
    # Slips that can be read in the file alone.
    Cause(
        "from_prefixed_env('{name}') reads the variables that begin with {name}_. Without an "
        "argument it reads those that begin with FLASK_.",
        source=r"from_prefixed_env\([\"'](?!FLASK)(?P<name>\w+)",
        hint=True,
    ),
    Cause(
        "WTF_CSRF_ENABLED = False, or csrf = False in a class Meta, switches the tokens off. Only "
        "tests of one's own set it.",
        source=r"(?:WTF_CSRF_ENABLED[\"']?\]?|\bcsrf)\s*[=:]\s*False",
        first=True,
    ),
    Cause(
        "A list that is changed inside the session is not saved. Put a new list into the session: "
        "session['{name}'] = [...].",
        source=r"(?s)\A(?!.*session\.modified).*session\[[\"'](?P<name>\w+)[\"']\]\."
        r"(?:append|insert|extend|remove)\(",
        hint=True,
    ),
    Cause(
        "A list of the session is changed and not put back, so the change is not saved. Write "
        "session['{name}'] = ... after it.",
        source=r"(?s)\A(?!.*session\.modified).*\b(?P<list>\w+) = session(?:\.\w+\(|\[)"
        r"[\"'](?P<name>\w+)[\"'].{0,500}\b(?P=list)\.(?:append|insert|extend|remove)\("
        r"(?!.*session\[[\"'](?P=name)[\"']\]\s*=)",
        hint=True,
    ),
    Cause(
        "setFormatter takes an object, and {name} is a class: write {name}(...).",
        source=r"setFormatter\(\s*(?P<name>(?:logging\.)?[A-Z]\w*)\s*\)",
    ),
    Cause(
        "A line of a log has no {name}. It has levelname, asctime, filename, lineno and message.",
        source=r"%\((?P<name>level|time|file|line|msg|text)\)[sd]",
    ),
    Cause(
        "CSRFProtect() protects nothing before it gets the app: CSRFProtect(app).",
        source=r"(?s)\A(?!.*init_app)(?=.*\bCSRFProtect\(\))",
    ),
    Cause(
        "In where(), `and` leaves only one of the conditions. Write a comma between them.",
        source=r"\.where\([^()\n]*\s(?:and|or)\s",
    ),
    Cause(
        "session.flush sends a change, and the end of the request undoes it: only "
        "session.commit keeps it.",
        source=r"(?s)session\.flush\(\)(?:(?!\bcommit\b|\n\s*def ).)*(?:\n\s*def |\Z)",
    ),
    Cause(
        "The file calls session.add and never session.commit(): nothing is kept.",
        source=r"(?s)\A(?!.*\bcommit\()(?=.*\bsession\.add)",
    ),
    Cause(
        "@{name} without parentheses registers nothing: write @{name}(404), with a status code or "
        "an exception.",
        source=r"@(?P<name>\w+\.(?:app_)?errorhandler)[ \t]*\r?\n",
        first=True,
    ),
    Cause(
        "@{name} without parentheses registers no view: write @{name}('/...'), with the path.",
        status="404",
        source=r"@(?P<name>\w+\.(?:route|get|post|put|patch|delete))[ \t]*\r?\n",
        first=True,
    ),
    Cause(
        "No rule fits this path. The app has: {rules}.",
        status="404",
        hint=True,
    ),
)
