"""Facts about Flask and its extensions that the notes state: templates.

The lessons themselves are tested in the other files. Nearly every test here renders a template
that is a short text.
"""

import json
from importlib.metadata import version

import pytest
from flask import Flask, Response, current_app, g, render_template, render_template_string
from jinja2 import (
    DictLoader,
    Environment,
    StrictUndefined,
    TemplateAssertionError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
)
from markupsafe import Markup, escape

from tests.helpers import page

SCRIPT = "<script>alert(1)</script>"


def app_with(templates):
    """Return an app with these templates: a dict of their texts by name."""
    app = Flask("shop")
    app.jinja_loader = DictLoader(templates)
    return app


app = app_with({})


def rendered(source, of=app, **values):
    """Return what a template of this text prints."""
    with of.test_request_context("/here"):
        return render_template_string(source, **values)


@pytest.fixture
def shop():
    """Give an app without templates, to which a test may add what it needs."""
    return app_with({})


# Templates and their values


def test_a_template_file_is_rendered_with_its_variables(tmp_path):
    shop = Flask("shop", root_path=tmp_path, template_folder=tmp_path)
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "welcome.html").write_text("<p>Dear {{ who }},</p>", "utf-8")

    @shop.get("/<who>")
    def welcome(who):
        return render_template("mail/welcome.html", who=who)

    response = shop.test_client().get("/王")
    assert response.text == "<p>Dear 王,</p>"
    assert response.mimetype == "text/html"


@pytest.mark.parametrize("name", ["nothing.html", "../hello.html", "", ["a.html", "b.html"]])
def test_a_template_that_does_not_exist_is_not_found(name):
    with app_with({"hello.html": "Hello"}).app_context(), pytest.raises(TemplateNotFound):
        render_template(name)


def test_a_positional_dict_is_refused():
    with app_with({"hello.html": "{{ name }}"}).app_context():
        with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
            render_template("hello.html", {"name": "Ann"})
        assert render_template("hello.html", name="Ann") == "Ann"


def test_two_stars_unpack_a_dict_beside_other_arguments():
    data = {"name": "Ann", "cups": 2}
    with app_with({"hello.html": "{{ name }} {{ cups }} {{ table }}"}).app_context():
        assert render_template("hello.html", **data, table=7) == "Ann 2 7"


class Tea:
    name = "Keemun"


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ("text", "tea"),
        ("number", "1.5"),
        ("words", "[&#39;a&#39;, &#39;b&#39;]"),
        ("words[0]", "a"),
        ("words[-1]", "b"),
        ("words.0", "a"),
        ("order['table']", "7"),
        ("order.table", "7"),
        ("order['items']", "2"),
        ("special.name", "Keemun"),
        ("special['name']", "Keemun"),
        ("unknown", ""),
        ("words[9]", ""),
        ("words.nothing", ""),
        ("order['nothing']", ""),
        ("order.nothing", ""),
        ("special.nothing", ""),
    ],
)
def test_what_an_expression_prints(expression, printed):
    values = {
        "text": "tea",
        "number": 1.5,
        "words": ["a", "b"],
        "order": {"table": 7, "items": 2},
        "special": Tea(),
    }
    assert rendered("{{ " + expression + " }}", **values) == printed


@pytest.mark.parametrize("key", ["items", "keys", "values", "get", "pop", "update"])
def test_a_dot_finds_the_method_of_a_dict_before_the_key(key):
    values = {key: "the value"}
    assert rendered(f"{{{{ d.{key} }}}}", d=values).startswith(f"&lt;built-in method {key} of")
    assert rendered(f"{{{{ d['{key}'] }}}}", d=values) == "the value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ owner.name }}", "'owner' is undefined"),
        ("{{ owner['name'] }}", "'owner' is undefined"),
        ("{{ owner() }}", "'owner' is undefined"),
        ("{{ owner + 1 }}", "'owner' is undefined"),
        ("{{ 'a' + owner }}", "'owner' is undefined"),
        ("{{ order.owner.name }}", "'dict object' has no attribute 'owner'"),
    ],
)
def test_an_attribute_of_an_unknown_name_is_an_error(text, message):
    with pytest.raises(UndefinedError, match=message):
        rendered(text, order={})


@pytest.mark.parametrize("source", ["{{ owner }}", "{{ d['x'] }}", "{{ l[9] }}"])
def test_strict_undefined_makes_each_unknown_name_an_error(shop, source):
    shop.jinja_env.undefined = StrictUndefined
    with pytest.raises(UndefinedError):
        rendered(source, shop, d={}, l=[])


@pytest.mark.parametrize(("text", "printed"), [("{{ l[0] + l[1] }}", "3"), ("{{ l[1,2] }}", "")])
def test_one_index_at_a_time(text, printed):
    assert rendered(text, l=[1, 2]) == printed


@pytest.mark.parametrize(
    ("expression", "printed"),
    [
        ('"python" + "x"', "pythonx"),
        ('1 ~ "a"', "1a"),
        ('"a" ~ 1', "a1"),
        ('"a" ~ unknown', "a"),
        ('"Sum: " ~ (1 + 2)', "Sum: 3"),
    ],
)
def test_texts_are_joined_with_plus_and_anything_with_the_tilde(expression, printed):
    assert rendered("{{ " + expression + " }}") == printed


@pytest.mark.parametrize("expression", ['1 + "a"', '"a" + 1', '"Sum: " ~ 1 + 2'])
def test_plus_does_not_join_text_and_number(expression):
    with pytest.raises(TypeError):
        rendered("{{ " + expression + " }}")


# Names that every template knows


def test_current_app_and_pythons_functions_are_unknown():
    assert rendered("{{ current_app is defined }}") == "False"
    with pytest.raises(UndefinedError, match="'len' is undefined"):
        rendered("{{ len('tea') }}")
    assert rendered("{{ 'tea'|length }}") == "3"


def test_without_an_application_nothing_is_rendered():
    assert not current_app
    with pytest.raises(RuntimeError, match="Working outside of application context"):
        render_template_string("tea")


def test_outside_of_a_request_there_is_no_request():
    with app.app_context():
        assert render_template_string("{{ config.DEBUG }}") == "False"
        with pytest.raises(RuntimeError, match="Working outside of request context"):
            render_template_string("{{ request.path }}")


@pytest.mark.parametrize("template", ["{{ session|length }}", "{{ get_flashed_messages() }}"])
def test_outside_of_a_request_there_is_no_session(template):
    with app.app_context(), pytest.raises(RuntimeError, match="Working outside of request context"):
        render_template_string(template)


def test_config_g_and_url_for_need_only_an_application_context(shop):
    shop.add_url_rule("/tea", "tea")
    shop.config["SERVER_NAME"] = "shop.example"
    with shop.app_context():
        g.visitor = "Ann"
        assert render_template_string("{{ config.DEBUG }} {{ g.visitor }}") == "False Ann"
        assert render_template_string("{{ url_for('tea') }}") == "http://shop.example/tea"
    shop.config["SERVER_NAME"] = None
    with shop.app_context(), pytest.raises(RuntimeError, match="without 'SERVER_NAME'"):
        render_template_string("{{ url_for('tea') }}")


def test_url_for_takes_no_second_value_without_a_name(shop):
    shop.add_url_rule("/tea/<name>", "tea")
    assert rendered("{{ url_for('tea', name='oolong') }}", shop) == "/tea/oolong"
    with pytest.raises(TypeError, match="positional"):
        rendered("{{ url_for('tea', 'oolong') }}", shop)


# Filters


@pytest.mark.parametrize(
    ("template", "printed"),
    [("{{ 1.50|upper }}", "1.5"), ("{{ none|lower }}", "none"), ("{{ true|upper }}", "TRUE")],
)
def test_other_values_become_text_first(template, printed):
    assert rendered(template) == printed


@pytest.mark.parametrize(
    "template", ["{{ n|reverse|join(', ') }}", "{{ n|reverse|list|join(', ') }}"]
)
def test_a_reversed_list_can_be_joined(template):
    assert rendered(template, n=[1, 2, 3]) == "3, 2, 1"


def test_braces_are_for_the_method_of_the_text():
    assert rendered("{{ '{} cups'.format(7) }}") == "7 cups"
    with pytest.raises(TypeError, match="not all arguments converted"):
        rendered("{{ '{} cups'|format(7) }}")


def test_striptags_does_not_make_a_text_safe():
    attack = "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert rendered("{{ text|striptags }}", text=attack) == attack
    assert rendered("{{ text|striptags|safe }}", text=attack) == "<script>alert(1)</script>"


def test_first_and_last_of_an_empty_list_are_undefined():
    for end in ["first", "last"]:
        assert rendered(f"{{{{ n|{end} is undefined }}}}", n=[]) == "True"
        assert rendered(f"{{{{ n|{end}|default('none') }}}}", n=[]) == "none"
        assert rendered(f"{{{{ n|{end} is undefined }}}}", n=[None]) == "False"


def test_some_filters_have_two_names():
    filters = app.jinja_env.filters
    assert filters["count"] is filters["length"]
    assert filters["d"] is filters["default"]
    assert 45 < len(filters) < 65


def test_filters_are_jinjas_own_and_work_without_flask():
    template = Environment(autoescape=True).from_string("{{ text|trim|upper }}")
    assert template.render(text=" hello ") == "HELLO"


def test_a_filter_does_not_switch_escaping_off():
    words = ["<b>", "tea"]
    assert rendered("{{ w|join('<br>') }}", w=words) == "&lt;b&gt;&lt;br&gt;tea"
    assert rendered("{{ w|join('<br>'|safe) }}", w=words) == "&lt;b&gt;<br>tea"
    assert rendered("{{ w|first|upper|reverse }}", w=words) == "&gt;B&lt;"


def test_an_unknown_filter_is_noticed_before_rendering_except_in_an_if():
    with pytest.raises(TemplateAssertionError, match="No filter named 'tilte'"):
        rendered("{{ name|tilte }}")
    template = "{% if name %}{{ name|tilte }}{% endif %}"
    assert rendered(template) == ""
    with pytest.raises(TemplateRuntimeError, match="No filter named 'tilte'"):
        rendered(template, name="Ann")


# Filters of your own


@pytest.mark.skipif(not version("flask").startswith("3.1."), reason="later releases accept it")
def test_the_decorator_without_parentheses_registers_nothing(shop):
    @shop.template_filter
    def twice(value):
        return value * 2

    assert "twice" not in shop.jinja_env.filters
    with pytest.raises(TemplateAssertionError, match="No filter named 'twice'"):
        rendered("{{ 2|twice }}", shop)
    assert twice(2) == 2, "the name does not refer to the function any more"


def test_the_sample_of_older_notes_does_not_compile():
    with pytest.raises(IndentationError):
        compile("def do_listreverse(ls):\nreturn ls[::2]\n", "sample", "exec")


def test_two_functions_of_one_name_make_two_filters_but_only_the_last_can_be_called(shop):
    @shop.template_filter("first")
    def cut(values):
        return values[::2]

    numbers = [1, 2, 3, 4, 5, 6, 7]
    first = cut

    @shop.template_filter("second")
    def cut(values):
        return values[::-3]

    assert rendered("{{ v|first }} {{ v|second }}", shop, v=numbers) == "[1, 3, 5, 7] [7, 4, 1]"
    assert cut is not first
    assert cut(numbers) == [7, 4, 1]


def test_a_name_used_again_replaces_even_a_built_in_filter(shop):
    assert rendered("{{ [3, 1, 2]|sort }}") == "[1, 2, 3]"
    shop.add_template_filter(list, "sort")
    assert rendered("{{ [3, 1, 2]|sort }}", shop) == "[3, 1, 2]"


# if and for


@pytest.mark.parametrize(
    "source",
    [
        "{% if name %}Hello",
        "{% if false %}Hello",
        "{% if a %}A{% else if b %}B{% endif %}",
        "{% endif %}",
        "{% for n in [1] %}{{ n }}",
    ],
)
def test_a_block_that_is_not_closed_by_name_is_a_syntax_error(source):
    with pytest.raises(TemplateSyntaxError):
        rendered(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% if name %}Hello", "looking for the following tags: 'elif' or 'else' or 'endif'"),
        ("{% if a %}A{% else if b %}B{% endif %}", "'end of statement block', got 'if'"),
        ("{% for n in [1] %}{% break %}{% endfor %}", "Encountered unknown tag 'break'"),
        ("{% for n in [1] %}{% continue %}{% endfor %}", "Encountered unknown tag 'continue'"),
    ],
)
def test_the_error_says_what_is_missing_or_unknown(source, message):
    with pytest.raises(TemplateSyntaxError, match=message):
        rendered(source)


@pytest.mark.parametrize("value", ["", 0, [], None, {}, False])
def test_what_is_empty_counts_as_false(value):
    assert rendered("{% if v %}yes{% else %}no{% endif %}", v=value) == "no"
    assert rendered("{% if v %}yes{% else %}no{% endif %}") == "no"


@pytest.mark.parametrize(
    ("test", "value", "result"),
    [
        ("none", None, "True"),
        ("none", "", "False"),
        ("defined", None, "True"),
        ("even", 2, "True"),
        ("even", 3, "False"),
        ("string", "x", "True"),
        ("not string", "x", "False"),
    ],
)
def test_jinjas_tests_are_true_or_false(test, value, result):
    assert rendered("{{ v is " + test + " }}", v=value) == result


def test_an_unknown_name_is_undefined_and_not_none():
    assert rendered("{{ v is defined }} {{ v is none }}") == "False False"


def test_a_loop_variable_ends_with_the_loop_and_what_an_if_sets_stays():
    assert rendered("{% for n in [1] %}{% endfor %}[{{ n }}{{ loop }}]") == "[]"
    assert rendered("{% if true %}{% set n = 5 %}{% endif %}{{ n }}") == "5"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"v": [1, 2]}, "12"),
        ({"v": {"a": 1, "b": 2}}, "ab"),
        ({"v": "ab"}, "ab"),
        ({"v": (n for n in [1, 2])}, "12"),
        ({"v": []}, "nothing"),
        ({}, "nothing"),
    ],
)
def test_for_runs_over_what_python_runs_over_and_over_undefined(values, text):
    assert rendered("{% for n in v %}{{ n }}{% else %}nothing{% endfor %}", **values) == text


def test_for_over_none_is_a_type_error():
    with pytest.raises(TypeError, match="not iterable"):
        rendered("{% for n in v %}{% else %}nothing{% endfor %}", v=None)


def test_break_comes_with_an_extension(shop):
    shop.jinja_env.add_extension("jinja2.ext.loopcontrols")
    source = "{% for n in [1, 2, 3] %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}"
    assert rendered(source, shop) == "1"
    assert rendered(source.replace("break", "continue"), shop) == "13"


def test_index_counts_from_one_and_index0_from_zero():
    source = "{% for n in 'ab' %}{{ loop.index }}{{ loop.index0 }} {% endfor %}"
    assert rendered(source) == "10 21 "


# Macros


def test_a_definition_with_a_bare_name_is_a_syntax_error():
    with pytest.raises(TemplateSyntaxError, match=r"expected token '\('"):
        rendered("{% macro m %}text{% endmacro %}")
    assert rendered("{% macro m() %}text{% endmacro %}{{ m() }}") == "text"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("m(1, 2, 3)", "takes not more than 2 argument"),
        ("m(c=3)", "takes no keyword argument 'c'"),
    ],
)
def test_too_many_arguments_and_unknown_keywords_are_type_errors(call, message):
    with pytest.raises(TypeError, match=message):
        rendered("{% macro m(a, b) %}{% endmacro %}{{ " + call + " }}")


def test_a_missing_argument_is_undefined_and_prints_nothing():
    source = "{% macro m(a) %}[{{ a }}{{ a is defined }}]{% endmacro %}{{ m() }}"
    assert rendered(source) == "[False]"


def test_a_macro_of_the_page_itself_sees_its_variables():
    assert rendered("{% macro m() %}{{ user }}{% endmacro %}{{ m() }}", user="<Eve") == "&lt;Eve"


def test_url_for_is_known_to_a_macro_of_another_file():
    shop = app_with({"macros.html": "{% macro m() %}{{ url_for('tea') }}{% endmacro %}"})
    shop.add_url_rule("/tea", "tea")
    assert rendered("{% from 'macros.html' import m %}{{ m() }}", shop) == "/tea"


# Inheritance and include


def test_a_block_name_is_used_once_and_self_prints_it_again():
    assert rendered("{% block a %}1{% endblock %}{{ self.a() }}") == "11"
    with pytest.raises(TemplateAssertionError, match="defined twice"):
        rendered("{% block a %}1{% endblock %}{% block a %}2{% endblock %}")


def test_without_context_hides_the_values_of_the_page():
    shop = app_with({"x.html": "<{{ word }}>"})
    assert rendered("{% include 'x.html' %}", shop, word="tea") == "<tea>"
    assert rendered("{% include 'x.html' without context %}", shop, word="tea") == "<>"


@pytest.mark.parametrize(
    "template",
    ["{% include 'x' %}", "{% import 'x' as x %}", "{% extends 'x' %}", "{% include ['x', 'y'] %}"],
)
def test_a_missing_file_is_an_error(template):
    with pytest.raises(TemplateNotFound):
        rendered(template)


def test_ignore_missing_skips_and_takes_the_first_that_is_there():
    assert rendered("[{% include 'x' ignore missing %}]") == "[]"
    source = "{% include ['x.html', 'y.html'] ignore missing %}"
    assert rendered(source, app_with({"x.html": "first", "y.html": "second"})) == "first"
    assert rendered(source, app_with({"y.html": "second"})) == "second"


# Escaping


def test_plain_escaping_in_a_script_is_too_much_and_too_little():
    assert rendered('<script>"{{ text }}"</script>', text='"') == '<script>"&#34;"</script>'
    assert rendered('<script>"{{ text }}"</script>', text="\\") == '<script>"\\"</script>'
    assert rendered("<script>{{ text }}</script>", text="alert(1)") == "<script>alert(1)</script>"


def test_safe_concerns_one_value_at_one_place():
    printed = rendered("{{ text|safe }} {{ text }} {{ other }}", text="<b>", other="<i>")
    assert printed == "<b> &lt;b&gt; &lt;i&gt;"


def test_autoescape_false_concerns_a_region():
    region = (
        "{{ text }} {% autoescape false %}{{ text }} {{ text|e }}{% endautoescape %} {{ text }}"
    )
    assert rendered(region, text="<b>") == "&lt;b&gt; <b> &lt;b&gt; &lt;b&gt;"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("note.html", "{{ text }}", "&lt;b&gt;"),
        ("note.HTML", "{{ text }}", "<b>"),
        ("note.j2", "{{ text }}", "<b>"),
        ("note.j2", "{{ text|e }}", "&lt;b&gt;"),
    ],
)
def test_capitals_and_other_endings_do_not_escape(name, content, expected):
    with app_with({name: content}).app_context():
        assert render_template(name, text="<b>") == expected


def test_a_text_template_is_a_page_until_it_is_sent_as_text():
    shop = app_with({"note.txt": "{{ text }}"})

    @shop.get("/page")
    def as_page():
        return render_template("note.txt", text=SCRIPT)

    @shop.get("/text")
    def as_text():
        return Response(render_template("note.txt", text=SCRIPT), mimetype="text/plain")

    client = shop.test_client()
    careless, careful = client.get("/page"), client.get("/text")
    assert careless.text == careful.text == SCRIPT
    assert (careless.mimetype, careful.mimetype) == ("text/html", "text/plain")


def test_render_template_string_escapes_values():
    found = page(rendered("<p>{{ text }}</p><p>{{ text|safe }}</p>", text=SCRIPT))
    assert [script.text for script in found.select("script")] == ["alert(1)"]
    assert found.p.text == SCRIPT


def test_markup_escapes_what_is_added_to_it():
    assert Markup("<i>{}</i>").format("<b>") == "<i>&lt;b&gt;</i>"
    assert Markup("<i>%s</i>") % "<b>" == "<i>&lt;b&gt;</i>"
    assert Markup("<i>") + "<b>" == "<i>&lt;b&gt;"
    assert "<b>" + Markup("<i>") == "&lt;b&gt;<i>"
    assert rendered("{{ text }}", text=Markup("<i>")) == "<i>"


def test_the_five_characters_and_no_double_escaping():
    assert str(escape("""<>&"'""")) == "&lt;&gt;&amp;&#34;&#39;"
    assert escape(escape("<")) == "&lt;"
    assert rendered("{{ text|e|e }}", text="<") == "&lt;"
    assert isinstance(app.jinja_env.filters["safe"]("<b>"), Markup)


def test_an_attribute_that_is_a_script_undoes_the_escaping():
    attack = "'); alert(1); ('"
    careless = rendered("""<a onclick="greet('{{ name }}')">""", name=attack)
    careful = rendered('<a data-name="{{ name }}">', name=attack)
    assert "&#39;" in careless
    assert page(careless).a.attrs == {"onclick": "greet(''); alert(1); ('')"}
    assert page(careful).a.attrs == {"data-name": attack}


def test_tojson_in_an_attribute_wants_single_quotes():
    attack = " onfocus=alert(1) autofocus '"
    careless = rendered('<a data-tea="{{ tea|tojson }}">', tea=attack)
    careful = rendered("<a data-tea='{{ tea|tojson }}'>", tea=attack)
    assert page(careless).a["onfocus"] == "alert(1)"
    [(name, value)] = page(careful).a.attrs.items()
    assert (name, json.loads(value)) == ("data-tea", attack)
