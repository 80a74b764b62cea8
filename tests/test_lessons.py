"""How a lesson is built: what its notes begin and end with, its first code, its pictures."""

import ast
import importlib
import inspect
import re

import pytest
from flask import Flask

from course import catalogue
from course.catalogue import ROOT
from course.transcript import blocks, fences

LESSONS = catalogue.lessons()
IDS = [lesson.id for lesson in LESSONS]
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=IDS)

WORDS_BEFORE_A_REQUEST = 300
FACTORY_LINES = 40
PICTURE_BYTES = 10_000


def link(lesson, other):
    """Return the link in a lesson's notes to another lesson."""
    place = f"../{other.name}" if other.day == lesson.day else f"../../{other.id}"
    return f"[{other.title}]({place}/README.md)"


def words(markdown):
    """Return the words of a Markdown text outside its code blocks."""
    return re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL).split()


@each_lesson
def test_the_notes_say_what_comes_before(lesson):
    line = re.search(r"^\*\*Before this:\*\* (.+)\.$", lesson.notes, re.MULTILINE)
    where = f"{lesson.id}/README.md, below the first sentence"
    assert line, f"{where}: write **Before this:** [Title](../lesson/README.md). (or: nothing.)"
    if line[1] == "nothing":
        return
    links = re.findall(r"\[[^]]+\]\([^)]+\)", line[1])
    earlier = {link(lesson, other) for other in LESSONS[: LESSONS.index(lesson)]}
    assert links, f"{where}: link the lessons"
    assert set(links) <= earlier, f"{where}: not an earlier lesson: {set(links) - earlier}"


@each_lesson
def test_the_notes_end_with_the_next_lesson(lesson):
    following = LESSONS[LESSONS.index(lesson) + 1 :]
    if following and following[0].day != lesson.day:
        day = next(day for day in catalogue.days() if day.name == following[0].day)
        wanted = f"Next: [{day.title}](../../{day.name}/README.md)."
    elif following:
        wanted = f"Next: {link(lesson, following[0])}."
    else:
        wanted = "This was the last lesson."
    last = lesson.notes.rstrip().splitlines()[-1]
    assert last == wanted, f"{lesson.id}/README.md: the last line should be: {wanted}"


FOLD = re.compile(
    r"<details>\n"
    r"<summary>((?:[^<>`*_\[\]\n]|<code>[^<>`]+</code>)+\?)</summary>\n\n"
    r"(?!Answer)([^\n]+)\n\n"
    r"</details>\n"
)
"""A question, whose code is marked as code hosts read it, and its answer of one paragraph."""
WORDS_OF_A_QUESTION = 20
SENTENCES_OF_AN_ANSWER = 2
WORDS_OF_A_SENTENCE = 25


@each_lesson
def test_the_notes_ask_three_questions(lesson):
    where = f"{lesson.id}/README.md, In short"
    section = lesson.notes.partition("\n## In short\n\n")[2]
    end = r"(\*\*Exercise:|Next:|This was the last)[^<]+"
    shape = rf"(?:[^<`]|`[^`]*`)+\n\n((?:{FOLD.pattern}\n){{3}}){end}"
    assert re.fullmatch(shape, section), f"{where}: text, three folds, exercise and next lesson"
    for question, answer in FOLD.findall(section):
        count = len(re.sub(r"</?code>", "", question).split())
        assert count <= WORDS_OF_A_QUESTION, f"{where}: {count} words: {question}"
        # A full stop in code ends no sentence.
        prose = re.sub(r"`[^`]+`", lambda code: re.sub(r"[.?!]", "_", code[0]), answer)
        sentences = re.split(r"(?<=[.?!]) ", prose)
        assert len(sentences) <= SENTENCES_OF_AN_ANSWER, f"{where}: {answer}"
        for sentence in sentences:
            count = len(sentence.split())
            assert count <= WORDS_OF_A_SENTENCE, f"{where}: {count} words: {sentence}"


def test_no_question_is_asked_twice():
    asked = {}
    for lesson in LESSONS:
        for question, _ in FOLD.findall(lesson.notes):
            simple = " ".join(re.findall(r"\w+", question.lower()))
            assert simple not in asked, f"{lesson.id} and {asked[simple]} ask: {question}"
            asked[simple] = lesson.id


@each_lesson
def test_the_first_request_comes_soon(lesson):
    notes = lesson.folder / catalogue.NOTES
    sends = (
        block.line
        for block in blocks(notes)
        if any(step.is_curl or not step.is_run for step in block.steps)
    )
    pycon = (fence.line for fence in fences(lesson.notes) if fence.language == "pycon")
    first = min([*sends, *pycon])
    before = "\n".join(lesson.notes.splitlines()[: first - 2])
    count = len(words(before))
    assert count <= WORDS_BEFORE_A_REQUEST, (
        f"{lesson.id}/README.md: {count} words before the first request or command"
    )


@each_lesson
def test_the_first_code_runs_alone(lesson, tmp_path, monkeypatch):
    """The smallest complete program comes first: nothing in it is explained elsewhere."""
    first = next(fence for fence in fences(lesson.notes) if fence.language == "python")
    monkeypatch.chdir(tmp_path)
    names = {
        "__name__": f"{lesson.day}.{lesson.name}.first",
        "__file__": str(tmp_path / "first.py"),
    }
    try:
        exec(compile(first.content, "first.py", "exec", dont_inherit=True), names)  # noqa: S102
    except Exception as error:  # noqa: BLE001 (of any kind, it does not run)
        pytest.fail(f"{lesson.id}/README.md:{first.line}: {error!r}", pytrace=False)
    assert any(inspect.isfunction(value) or isinstance(value, Flask) for value in names.values())


@each_lesson
def test_a_snippet_begins_at_the_margin(lesson):
    for fence in fences(lesson.notes):
        if fence.language == "python":
            first = fence.content.splitlines()[0]
            assert not first.startswith(" "), (
                f"{lesson.id}/README.md:{fence.line}: begin with the def line of the function"
            )


# Bold, and not a term.
LABEL = re.compile(r"(Exercise|Before this):")


def bold_terms():
    """Yield each bold term of the notes with its place and the sentence that it is in."""
    for lesson in LESSONS:
        prose = re.sub(r"^```.*?^```$", "", lesson.notes, flags=re.MULTILINE | re.DOTALL)
        for paragraph in re.split(r"\n\s*\n|\n(?=[-*|] )", prose):
            text = " ".join(paragraph.split())
            for sentence in re.split(r"(?<=[.!?]) (?=[A-Z`*(])", text):
                for name in re.findall(r"\*\*(.+?)\*\*", sentence):
                    if not LABEL.fullmatch(name):
                        yield lesson.id, name, sentence


def test_a_bold_term_is_explained_once():
    seen = {}
    for place, name, sentence in bold_terms():
        assert name.lower() not in seen, f"**{name}** in {place} is in {seen[name.lower()]}, too"
        seen[name.lower()] = place
        assert len(sentence.split()) > 3, f"**{name}** in {place}: no sentence explains it"


def factories():
    """Yield each ``create_app`` of the lessons with its file."""
    for lesson in LESSONS:
        for path in lesson.files():
            if path.suffix == ".py":
                for node in ast.parse(path.read_text("utf-8")).body:
                    if isinstance(node, ast.FunctionDef) and node.name == "create_app":
                        yield pytest.param(path, node, id=path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize(("path", "factory"), list(factories()))
def test_a_factory_is_short(path, factory):
    lines = factory.end_lineno - factory.lineno + 1
    assert lines <= FACTORY_LINES, (
        f"{path.relative_to(ROOT)}: create_app has {lines} lines; "
        "views stand at module level or in a blueprint"
    )


APPS = [
    param
    for param in factories()
    if param.values[0].name in {"app.py", "__init__.py"}
    and [arg.arg for arg in param.values[1].args.args][:1] == ["config"]
]


@pytest.mark.parametrize(("path", "factory"), APPS)
def test_a_factory_reads_the_environment(path, factory, tmp_path, monkeypatch):
    """``FLASK_...`` variables are settings in every lesson, below what the caller gives."""
    monkeypatch.setenv("FLASK_SOMETHING_OF_MINE", '"seen"')
    monkeypatch.setenv("FLASK_DATA_FOLDER", str(tmp_path / "elsewhere"))
    name = path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__")
    create_app = importlib.import_module(name.replace("/", ".")).create_app
    app = create_app({"DATA_FOLDER": tmp_path, "OTHER": "given"})
    assert app.config["SOMETHING_OF_MINE"] == "seen"
    assert (app.config["DATA_FOLDER"], app.config["OTHER"]) == (tmp_path, "given")


PICTURES = [path for lesson in LESSONS for path in lesson.pictures()]
STYLE = re.compile(r"<style>\n(.+?)</style>", re.DOTALL)
MODEL = STYLE.search((ROOT / "day01" / "hello" / "diagram.svg").read_text("utf-8"))[1]


def test_there_are_pictures():
    assert len(PICTURES) >= 5


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_picture_is_small_legible_and_described(path):
    text = path.read_text("utf-8")
    assert len(text.encode()) < PICTURE_BYTES
    assert STYLE.search(text)[1] == MODEL, "take the style of day01/hello/diagram.svg"
    assert re.search(r"<title id=\"t\">[^<]{20,}</title>", text)
    assert 'role="img" aria-labelledby="t"' in text
    assert not re.search(r"href=|url\((?!#)|<(script|image|foreignObject|tspan)|style=", text)
    assert not re.search(r"\b(fill|stroke)=", text), "colours come from the classes of the style"
    alt = re.search(
        rf"!\[([^\]]+)\]\({path.name}\)", (path.parent / "README.md").read_text("utf-8")
    )
    assert alt, f"{path.parent.name}/README.md does not show {path.name}"
    assert len(alt[1]) >= 20, "the alt text says what the picture says"
