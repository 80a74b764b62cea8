import pytest

from course import catalogue
from course.catalogue import UnknownLessonError


def test_days_and_lessons_come_in_the_order_of_the_lists(course):
    [small] = catalogue.days(course)
    assert (small.name, small.title, small.summary) == ("day91", "Day 91: Small", "the first.")
    assert [lesson.id for lesson in small.lessons] == ["day91/hello", "day91/other"]


def test_title_and_summary_come_from_the_notes(course):
    hello = catalogue.find("hello", course)
    assert hello.title == "Hello notes"
    assert hello.summary == "Say <script>hello</script> & 你好."


def test_files_are_the_lessons_own_with_the_app_first(course):
    folder = course / "day91" / "hello"
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "app.pyc").touch()
    (folder / ".env").write_text("SECRET=1")
    (folder / "README.zh-CN.md").write_text("# 你好\n", "utf-8")
    (folder / "link.txt").symlink_to("/etc/hosts")
    names = [p.relative_to(folder).as_posix() for p in catalogue.find("hello", course).files()]
    assert names == ["app.py", "static/dot.png", "templates/page.html"]


@pytest.mark.parametrize(
    "name", ["day91/hello", "hello", "day91\\hello", "day91/hello/", "day91/hello/app.py"]
)
def test_a_lesson_is_found_by_id_or_name(course, name):
    lesson = catalogue.find(name, course)
    assert (lesson.id, lesson.import_name) == ("day91/hello", "day91.hello.app")


def test_a_lesson_without_app_module_is_its_package(course):
    (course / "day91" / "other" / "app.py").unlink()
    assert catalogue.find("other", course).import_name == "day91.other"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("helo", ["day91/hello"]), ("day91/othr", ["day91/other"]), ("qqqqqqq", []), ("", [])],
)
def test_an_unknown_name_brings_the_nearest(course, name, nearest):
    with pytest.raises(UnknownLessonError) as caught:
        catalogue.find(name, course)
    assert caught.value.nearest[: len(nearest)] == nearest
    assert bool(caught.value.nearest) == bool(nearest)
    assert all(each in str(caught.value) for each in nearest)


def test_a_name_that_two_days_use_must_be_full(course):
    (course / "day92").mkdir()
    (course / "day92" / "README.md").write_text("1. [Hello](hello/README.md)\n")
    (course / "README.md").write_text(
        "1. [A](day91/README.md): a.\n2. [B](day92/README.md): b.\n", "utf-8"
    )
    with pytest.raises(UnknownLessonError) as caught:
        catalogue.find("hello", course)
    assert caught.value.nearest == ["day91/hello", "day92/hello"]


def test_what_a_lesson_lacks_is_named_with_its_file(course):
    assert catalogue.missing(course) == []
    day = course / "day91"
    (day / "hello" / "README.md").unlink()
    (day / "hello" / "__init__.py").unlink()
    (day / "invisible").mkdir()
    (day / "invisible" / "app.py").touch()
    assert catalogue.missing(course) == [
        "day91/hello/README.md is missing: write a title and a sentence below it",
        "day91/hello/__init__.py is missing: an empty file will do",
        "day91/README.md: the list wants a line 1. [Title](invisible/README.md)",
        "day91/invisible/README.md is missing: write a title and a sentence below it",
        "day91/invisible/__init__.py is missing: an empty file will do",
    ]


def test_a_lesson_without_notes_breaks_no_list(course):
    (course / "day91" / "hello" / "README.md").unlink()
    [lesson] = [each for each in catalogue.lessons(course) if each.id == "day91/hello"]
    assert lesson.summary == "day91/hello/README.md is missing."
