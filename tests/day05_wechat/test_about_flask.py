"""Facts about Flask and its extensions that the notes state.

The lessons themselves are tested in the other files.
"""

import hashlib
import hmac
import importlib
import inspect
import json
import urllib
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from xml.parsers.expat import ExpatError

import pytest
import requests
import xmltodict
from flask import Flask, render_template_string, request

from tests.day05_wechat.helpers import WAIT
from tests.helpers import serving

# Flask


def test_a_route_needs_its_app():
    with pytest.raises(NameError, match="route"):
        exec("@route('/wechat')\ndef view(): pass")  # noqa: S102


def test_request_data_is_empty_for_a_form():
    form = {"method": "POST", "data": "<xml/>", "content_type": "application/x-www-form-urlencoded"}
    app = Flask("probe")
    with app.test_request_context("/", **form):
        assert request.data == b""
    with app.test_request_context("/", **form):
        assert request.get_data() == b"<xml/>"


def test_from_prefixed_env_turns_a_token_of_digits_into_a_number(monkeypatch):
    monkeypatch.setenv("WECHAT_TOKEN", "20240229")
    app = Flask("probe")
    app.config.from_prefixed_env("WECHAT")
    assert app.config["TOKEN"] == 20240229


def test_escaping_alone_lets_javascript_pass():
    with Flask("probe").app_context():
        html = render_template_string('<img src="{{ url }}">', url="javascript:alert(1)")
    assert html == '<img src="javascript:alert(1)">'


def test_comparing_with_numbers_misses_the_text():
    words = "{{ 'male' if sex == 1 else 'female' if sex == 2 else 'unknown' }}"
    with Flask("probe").app_context():
        assert render_template_string(words, sex=1) == "male"
        assert render_template_string(words, sex="1") == "unknown"


# Hashes and comparisons


def test_digests_have_one_length_each_and_are_texts():
    lengths = {name: len(hashlib.new(name, b"abc").hexdigest()) for name in ("sha1", "md5")}
    assert lengths == {"sha1": 40, "md5": 32}
    assert len(hashlib.sha256(b"a" * 100_000).hexdigest()) == 64
    assert {"sha1", "md5", "sha256"} <= hashlib.algorithms_guaranteed


def test_sha1_wants_bytes():
    with pytest.raises(TypeError, match="encoded before hashing"):
        hashlib.sha1("text")  # noqa: S324


def test_unsorted_parts_have_another_hash():
    """The second example of WeChat's "Message push" page."""
    token, timestamp, nonce = "AAAAA", "1714037059", "486452656"

    def sha1(text):
        return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324

    assert sha1("".join(sorted([token, timestamp, nonce]))).startswith("899cf89e")
    assert not sha1(token + timestamp + nonce).startswith("899cf89e")


def test_compare_digest_refuses_other_letters_in_texts_but_not_in_bytes():
    with pytest.raises(TypeError):
        hmac.compare_digest("é", "e")
    assert not hmac.compare_digest("é".encode(), b"e")


def test_sorting_with_a_missing_argument_fails():
    with pytest.raises(TypeError, match="'<' not supported"):
        sorted(["Token", None, "1"])
    assert sorted(["b", "9", "B", "10"]) == ["10", "9", "B", "b"]


# XML


def test_what_xmltodict_makes_of_attributes_and_lists():
    assert xmltodict.parse("<r><a>1</a></r>", force_list=["a"]) == {"r": {"a": ["1"]}}
    assert xmltodict.parse('<r x="1"><a>2</a></r>') == {"r": {"@x": "1", "a": "2"}}


def test_what_xmltodict_raises_by_itself():
    for body in ("", "<xml>", "no"):
        with pytest.raises(ExpatError):
            xmltodict.parse(body)
    with pytest.raises(KeyError):
        xmltodict.parse("<html/>")["xml"]
    with pytest.raises(ValueError, match="entities are disabled") as caught:
        xmltodict.parse('<!DOCTYPE xml [<!ENTITY a "b">]><xml/>')
    assert not isinstance(caught.value, ExpatError)


def test_indexing_a_message_without_a_type_fails():
    with pytest.raises(KeyError):
        xmltodict.parse("<xml><Content>a</Content></xml>")["xml"]["MsgType"]


def test_unparse_wants_one_root_and_proper_names():
    with pytest.raises(ValueError, match="root"):
        xmltodict.unparse({"a": "1", "b": "2"})
    with pytest.raises(ValueError, match="name"):
        xmltodict.unparse({"a": {"<b": "1"}})


def test_unparse_writes_a_declaration_unless_told_not_to():
    assert xmltodict.unparse({"a": "1"}).startswith('<?xml version="1.0"')
    assert xmltodict.unparse({"a": "1"}, full_document=False) == "<a>1</a>"


def test_unparse_writes_what_parse_refuses():
    xml = xmltodict.unparse({"a": "\x1b"}, full_document=False)
    with pytest.raises(ExpatError):
        xmltodict.parse(xml)


# URLs and requests


@pytest.fixture
def seen():
    """A server on a real socket: its URL, and the parameters of each request to it."""
    app = Flask("probe")
    parameters = []

    @app.get("/x")
    def view():
        parameters.append(list(request.args.items(multi=True)))
        body = json.dumps({"nickname": "林小雨"}, ensure_ascii=False)
        return body, 200, {"Content-Type": "text/plain"}

    with serving(app) as server:
        yield f"{server.url}/x", parameters


def test_a_fragment_is_not_sent_to_the_server(seen):
    url, parameters = seen
    assert requests.get(f"{url}?a=b#wechat_redirect", timeout=WAIT).status_code == 200
    assert parameters == [[("a", "b")]]
    # In the wrong place it swallows what follows.
    assert urlsplit("https://open.example/authorize#wechat_redirect?appid=1").query == ""


def test_a_parameter_that_is_pasted_into_a_url_can_add_others(seen):
    url, parameters = seen
    requests.get(f"{url}?code=%s&appid=%s" % ("x&appid=evil", "wx1"), timeout=WAIT)
    assert parameters == [[("code", "x"), ("appid", "evil"), ("appid", "wx1")]]


def test_requests_reads_text_plain_without_a_charset_as_latin_1(seen):
    response = requests.get(seen[0], timeout=WAIT)
    assert response.encoding == "ISO-8859-1"
    assert response.json()["nickname"] != "林小雨"
    assert json.loads(response.content)["nickname"] == "林小雨"


def test_requests_waits_for_ever_unless_told():
    assert inspect.signature(requests.Session.request).parameters["timeout"].default is None


def test_quote_has_moved_and_leaves_slashes():
    assert not hasattr(urllib, "quote")
    uri = "https://shop.example/callback?a=1&b=2"
    assert quote(uri) == "https%3A//shop.example/callback%3Fa%3D1%26b%3D2"
    assert quote(uri, safe="") == urlencode({"": uri}).removeprefix("=")
    # Pasted in without any quoting, it loses its tail; quoted twice, it is another URL.
    assert parse_qs(f"redirect_uri={uri}&state=1")["redirect_uri"] == [uri.removesuffix("&b=2")]
    assert parse_qs(urlencode({"u": quote(uri)}))["u"] != [uri]


def test_a_missing_code_is_formatted_as_the_text_none():
    args = {}
    assert "code=%s" % args.get("code") == "code=None"  # noqa: UP031


def test_urllib2_is_gone():
    with pytest.raises(ModuleNotFoundError, match="urllib2"):
        importlib.import_module("urllib2")


# Python


def test_a_file_needs_no_line_about_its_encoding():
    namespace = {}
    exec(compile("greeting = '你好'\n".encode(), "greeting.py", "exec"), namespace)  # noqa: S102
    assert namespace["greeting"] == "你好"
