"""Tests of the exercise: a tea shop without copies.

Whether a part is shared can be seen from outside: the tests put another file in its place, and look
whether both pages change.
"""

import html
import random
import re

import pytest

from course.grading import expect, fail

TEMPLATES = "day03/template_reuse/templates"
WORDS = ["amber", "brook", "cedar", "delta", "ember", "fjord", "grove", "heath", "isle", "jade"]


@pytest.fixture
def teas():
    """Give teas that no solution can know in advance."""
    names = random.sample(WORDS, 4)
    return {
        f"{name}-{n}": {
            "name": f"{name.title()} {n} & more",
            "price": random.randrange(100, 900),
            "left": random.randrange(1, 9),
        }
        for n, name in enumerate(names)
    }


@pytest.fixture
def open_shop(start, teas):
    """Give a function that starts the shop with these teas, and with templates of the tests."""

    def run(**templates):
        files = {f"{TEMPLATES}/exercise_{name}.html": text for name, text in templates.items()}
        return start({"TEAS": teas}, files=files, told=None)

    return run


def pages(client, teas):
    """Return the pages: of the shop, and of one tea, whose key is returned too."""
    key = random.choice(list(teas))
    return key, [expect(client.get("/"), 200), expect(client.get(f"/teas/{key}"), 200)]


def words_of(reply, tag):
    """Return the words of the first element of that kind, without markup."""
    found = re.search(rf"<{tag}\b[^>]*>(.*?)</{tag}>", reply.text, re.DOTALL)
    if not found:
        fail(reply, f"a page with <{tag}> … </{tag}>")
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[1])).split())


def cards(reply):
    """Return the words of each card."""
    found = re.findall(r'<section class="card">(.*?)</section>', reply.text, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", each)).split()) for each in found]


@pytest.mark.task(1)
@pytest.mark.points(3)
@pytest.mark.hint('Begin both templates with {% extends "exercise_base.html" %}.')
def test_both_pages_have_the_frame_of_the_base(open_shop, teas):
    """A change of exercise_base.html changes both pages."""
    word = f"frame{random.randrange(10**6)}"
    base = (
        f"<p>{word}</p><title>{{% block title %}}{{% endblock %}}</title>"
        "<main>{% block content %}{% endblock %}</main>"
        "<footer>{% block footer %}{% endblock %}</footer>"
    )
    key, replies = pages(open_shop(base=base), teas)
    for reply in replies:
        if word not in reply.text:
            fail(reply, f"{word!r}, which the check has written into exercise_base.html")
        if "More about" not in words_of(reply, "main"):
            fail(reply, "what this page shows, in the block `content` of the base")
    if words_of(replies[1], "title") != teas[key]["name"]:
        fail(replies[1], f"{teas[key]['name']!r} in the block `title`")


@pytest.mark.task(1)
@pytest.mark.needs("test_both_pages_have_the_frame_of_the_base")
@pytest.mark.hint(
    "A child holds blocks and nothing else. Give the title in the block of that name."
)
def test_both_pages_are_whole(open_shop, teas):
    """Both pages are whole: one title, one heading with the same words, header and footer."""
    key, replies = pages(open_shop(), teas)
    for reply, title in zip(replies, ("The tea shop", teas[key]["name"]), strict=True):
        for tag in ("<!doctype", "<title", "<h1", "<header", "<main", "<footer"):
            if reply.text.lower().count(tag) != 1:
                fail(reply, f"a page with {tag} once, not {reply.text.lower().count(tag)} times")
        for tag in ("title", "h1"):
            if words_of(reply, tag) != title:
                fail(reply, f"{title!r} in <{tag}>; there was {words_of(reply, tag)!r}")
    expect(replies[0], contains="Open from nine to five.")


@pytest.mark.task(2)
@pytest.mark.points(3)
@pytest.mark.hint('{% from "exercise_card.html" import card %}, then {{ card(tea) }}.')
def test_both_pages_call_the_macro(open_shop, teas):
    """A change of the macro in exercise_card.html changes every card of both pages."""
    word = f"card{random.randrange(10**6)}"
    card = f"{{% macro card(tea) %}}[{word} {{{{ tea.price }}}}]{{% endmacro %}}"
    key, replies = pages(open_shop(card=card), teas)
    prices = [tea["price"] for tea in teas.values()]
    own = teas[key]["price"]
    rest = [tea["price"] for other, tea in teas.items() if other != key]
    for reply, expected in zip(replies, (prices, [own, *rest]), strict=True):
        found = [int(each) for each in re.findall(rf"\[{word} (\d+)\]", reply.text)]
        if found != expected:
            fail(
                reply,
                f"{len(expected)} calls of card(tea), with the prices {expected}; the check has "
                f"put another macro into exercise_card.html, and it was called with {found}",
            )


@pytest.mark.task(2)
@pytest.mark.needs("test_both_pages_call_the_macro")
@pytest.mark.points(2)
@pytest.mark.hint("An imported macro does not see the page's variables: hand it what it needs.")
def test_each_tea_has_a_card(open_shop, teas):
    """The shop shows a card of each tea; a tea's page its own and those of the others."""
    key, replies = pages(open_shop(), teas)
    shown = [f"{tea['name']} {tea['price']} yuan" for tea in teas.values()]
    own = f"{teas[key]['name']} {teas[key]['price']} yuan"
    for reply, expected in zip(
        replies, (shown, [own, *(each for each in shown if each != own)]), strict=True
    ):
        if cards(reply) != expected:
            fail(reply, f'<section class="card"> with {expected}; there was {cards(reply)}')


@pytest.mark.task(3)
@pytest.mark.points(2)
@pytest.mark.hint("{% if tea.left %} … {% else %} … {% endif %}, inside of the macro.")
def test_a_card_says_sold_out(open_shop, teas):
    """The card of a tea of which none are left says Sold out and no price, on both pages."""
    gone = random.choice(list(teas))
    teas[gone]["left"] = 0
    client = open_shop()
    another = next(key for key in teas if key != gone)
    for path in ("/", f"/teas/{gone}", f"/teas/{another}"):
        reply = expect(client.get(path), 200)
        expected = [
            f"{tea['name']} Sold out" if key == gone else f"{tea['name']} {tea['price']} yuan"
            for key, tea in teas.items()
        ]
        if sorted(cards(reply)) != sorted(expected):
            fail(reply, f"the cards {expected}, in any order; there was {cards(reply)}")


@pytest.mark.task(4)
@pytest.mark.points(2)
@pytest.mark.hint("{{ super() }} prints what the parent has in the block; write below it.")
def test_the_footer_of_a_tea_says_more(open_shop, teas):
    """The footer of a tea's page has both sentences, the one of the shop the first only."""
    key, (shop, tea) = pages(open_shop(), teas)
    always, more = "Open from nine to five.", f"Ask us about {teas[key]['name']}"
    if not words_of(tea, "footer").startswith(f"{always} {more}"):
        fail(tea, f"{always} {more} in the footer; there was {words_of(tea, 'footer')!r}")
    if words_of(shop, "footer") != always:
        fail(shop, f"only {always!r} in the footer; there was {words_of(shop, 'footer')!r}")


@pytest.mark.task(4)
@pytest.mark.hint("Do not repeat the sentence of the base: super() is what stands there today.")
def test_the_footer_follows_the_base(open_shop, teas):
    """When the footer of the base changes, so does that of a tea's page."""
    word = f"hours{random.randrange(10**6)}"
    base = (
        "{% block title %}{% endblock %}{% block content %}{% endblock %}"
        f"<footer>{{% block footer %}}{word}{{% endblock %}}</footer>"
    )
    key, (shop, tea) = pages(open_shop(base=base), teas)
    for reply, expected in (
        (shop, word),
        (tea, f"{word} Ask us about {teas[key]['name']}"),
    ):
        if words_of(reply, "footer").rstrip(".") != expected:
            fail(
                reply,
                f"{expected!r} in the footer, for the check has put {word!r} into the block "
                f"`footer` of the base; there was {words_of(reply, 'footer')!r}",
            )


@pytest.mark.task(5)
@pytest.mark.points(2)
@pytest.mark.hint("{% include … ignore missing %} belongs into the base, before <main>.")
def test_a_notice_is_shown_when_there_is_one(open_shop, teas):
    """With a file exercise_notice.html its text stands on both pages, above the content."""
    word = f"notice{random.randrange(10**6)}"
    _, replies = pages(open_shop(notice=f"<p>{word}</p>"), teas)
    for reply in replies:
        before, _, after = reply.text.partition("<h1")
        if word not in before or word in after:
            fail(
                reply, f"{word!r} once, above <h1>; the check has put it into exercise_notice.html"
            )
    _, replies = pages(open_shop(), teas)
    for reply in replies:
        expect(reply, lacks=word)
