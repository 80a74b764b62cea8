"""Rosters, times, names and groups: the files by which hand-ins find their students."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone

import pytest

from course.grading.classroom import lateness, people, roster
from course.grading.classroom.files import ClassroomError, read_table, safe_cell
from course.grading.classroom.intake import Origin
from course.grading.classroom.people import People, Person
from course.grading.results import Status
from tests.course.classroom import entries, record, rows, table

DUE = "2026-03-01T23:59+08:00"

# Tables


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_are_read_as_excel_saves_them(tmp_path, encoding, separator):
    text = f"student{separator}submitted\r\nÅse{separator}2026\r\n\r\nChloé\r\n"
    found = read_table(table(tmp_path / "t.csv", text, encoding))
    assert found.header == ["student", "submitted"]
    assert found.rows == [["Åse", "2026"], ["Chloé", ""]]
    assert found.numbered()[1] == (4, {"student": "Chloé", "submitted": ""})


def test_a_line_of_excel_about_the_separator_is_passed_over(tmp_path):
    found = read_table(table(tmp_path / "t.csv", "sep=;\r\nstudent;score\r\nann;1,5\r\n"))
    assert (found.header, found.rows) == (["student", "score"], [["ann", "1,5"]])


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "is empty"), (b"\n;;\n", "is empty"), (b"\xff\xfea", "as a CSV")]
)
def test_a_file_that_is_not_a_table_is_told(tmp_path, data, words):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(ClassroomError, match=rf"t\.csv .*{words}"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=cmd()|' /C calc'!A0", "'=cmd()|' /C calc'!A0"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠sum", "'＠sum"),
        ("﹦1", "'﹦1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@sum", "'@sum"),
        ("  =1", "'=1"),
        ("ann\n=cmd()", "ann\ufffd=cmd()"),
        ("\t=cmd()", "\ufffd=cmd()"),
        ("Zoë 王", "Zoë 王"),
    ],
)
def test_no_cell_becomes_a_formula(name, shown):
    assert safe_cell(name) == shown


# Lateness


@pytest.mark.parametrize(
    ("submitted", "part"),
    [
        ("2026-03-01T23:00+08:00", 0.0),
        ("2026-03-01T23:59+08:00", 0.0),
        ("2026-03-02T00:14+08:00", 0.0),
        ("2026-03-01T16:14+00:00", 0.0),
        ("2026-03-02T00:15+08:00", 0.1),
        ("2026-03-02T23:59+08:00", 0.1),
        ("2026-03-03T00:00+08:00", 0.2),
        ("2026-06-01T00:00+08:00", 1.0),
    ],
)
def test_a_late_day_begun_counts(submitted, part):
    rule = lateness.lateness(DUE, "10%/day", "15m")
    assert rule.penalty(lateness.moment(submitted)) == part


def test_late_without_a_time_counts_as_one_day():
    rule = lateness.lateness(DUE, "10%/day", "15m")
    assert rule.penalty(None, late=True) == 0.1
    assert rule.penalty(rule.due, late=True) == 0.0
    assert rule.penalty(None) == 0.0


def test_a_rule_survives_its_file():
    rule = lateness.lateness(DUE, "12.5%/day", "2h")
    assert lateness.Lateness.from_json(rule.to_json()) == rule


@pytest.mark.parametrize(
    ("due", "late", "grace"),
    [
        ("tomorrow", "10%/day", "15m"),
        ("2026-03-01T23:59", "10%/day", "15m"),
        (DUE, "10%", "15m"),
        (DUE, "110%/day", "15m"),
        (DUE, "10%/day", "15"),
        (DUE, "10%/day", "999999999999d"),
        (DUE, "10%/day", "9999d"),
        ("9999-12-31T23:59+00:00", "10%/day", "1d"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told(due, late, grace):
    with pytest.raises(ClassroomError, match=r"tomorrow|2026-03-01|9999|10%|15|--grace"):
        lateness.lateness(due, late, grace)


def test_times_are_read_by_name(tmp_path):
    path = table(tmp_path / "t.csv", f"Student;Submitted\nAnn Lee;{DUE}\nBob\n;{DUE}\n", "cp1252")
    assert lateness.read_times(path) == {"annlee": lateness.moment(DUE)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student,when\nann,x\n", "no column submitted; it has: student, when"),
        ("student,submitted\n\nann,yesterday\n", "line 3: 'yesterday' is not a time"),
        ("student,submitted\nann,2026-03-01T10:00\n", "does not say its time zone"),
    ],
)
def test_times_that_cannot_be_read_are_told(tmp_path, text, words):
    with pytest.raises(ClassroomError, match=words):
        lateness.read_times(table(tmp_path / "t.csv", text))


def test_names_of_times_that_no_student_has_are_found():
    times = {"user2": lateness.moment(DUE), "ann": lateness.moment(DUE)}
    assert lateness.unknown(times, ["flask-ex1-user2", "Ann"]) == ["user2"]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Sunday, 1 March 2026, 11:58 PM", 23),
        ("Sunday, 1 March 2026, 9:58 AM", 9),
        ("Sunday, 1 March 2026, 23:58", 23),
    ],
)
def test_moodles_times_are_read_in_the_zone_of_the_due_time(text, hour):
    zone = timezone(timedelta(hours=8))
    assert lateness.moodle_time(text, zone) == datetime(2026, 3, 1, hour, 58, tzinfo=zone)
    assert lateness.moodle_time("-", zone) is None


# Rosters

MOODLE = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,\
Last modified (submission),Feedback comments
Participant 12345,Ann Lee,ann@example.org,Submitted,,100.00,"Sunday, 1 March 2026, 11:58 PM",
Participant 12346,Bob Ng,bob@example.org,Submitted,55,100.00,-,kept
Participant 12347,Eve,eve@example.org,No submission,,100.00,-,
"""

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework (77),Final Score
    Points Possible,,,,,24,(read only)
"Lee, Ann",4711,s1,ann,A,,90
"Ng, Bob",4712,s2,bob,A,3,80
"""


def sheet(tmp_path, text, column=None, encoding="utf-8"):
    return roster.read_roster(table(tmp_path / "roster.csv", text, encoding), column)


def filled(found, *records, **rules):
    return roster.fill(found, roster.match(found, entries(*records, **rules)))


def test_moodles_worksheet_is_filled_and_else_left_alone(tmp_path):
    ann = record("Ann Lee", system="moodle", numbers=("12345",))
    eve = record("Eve", score=None, status=Status.GRADER_ERROR)
    found = sheet(tmp_path, MOODLE)
    lines = filled(found, ann, eve)
    assert (lines[0][4], lines[0][7]) == ("50", "graded: day01/x 6/12")
    assert lines[1:] == found.table.rows[1:]


def test_canvas_export_is_filled_and_else_left_alone(tmp_path):
    found = sheet(tmp_path, CANVAS)
    assert found.table.header[found.column] == "Homework (77)"
    lines = filled(found, record("leeann", system="canvas", numbers=("4711",)), record("bob"))
    assert lines[0] == found.table.rows[0]
    assert lines[1] == ["Lee, Ann", "4711", "s1", "ann", "A", "12", "90"]
    assert lines[2][5] == "12"


def test_a_roster_of_excel_in_europe_is_read_and_written_back(tmp_path):
    text = CANVAS.replace(",", ";").replace('"Lee; Ann"', '"Lée, Ann"')
    found = sheet(tmp_path, text.replace('"Ng; Bob"', '"Ng, Bob"'), encoding="cp1252")
    assert found.table.rows[1][0] == "Lée, Ann"
    roster.write_roster(tmp_path / "out.csv", found, filled(found, record("ann")))
    assert "Lée, Ann;4711;s1;ann;A;12;90" in (tmp_path / "out.csv").read_text("utf-8")


def test_a_filled_roster_survives_the_round_trip(tmp_path):
    found = sheet(tmp_path, CANVAS)
    roster.write_roster(tmp_path / "out.csv", found, found.table.rows)
    assert rows(tmp_path / "out.csv") == rows(tmp_path / "roster.csv")


def test_a_name_that_two_share_finds_no_one(tmp_path):
    found = sheet(tmp_path, MOODLE)
    twice = entries(record("Ann Lee"), record("ann lee"))
    assert len(twice) == 2
    assert roster.match(found, twice) == {}


def test_a_name_that_two_rows_share_finds_no_one(tmp_path):
    text = MOODLE.replace("Bob Ng", "Ann Lee")
    assert roster.match(sheet(tmp_path, text), entries(record("Ann Lee"))) == {}


def test_a_number_decides_between_two_rows_of_one_name(tmp_path):
    text = MOODLE.replace("Bob Ng", "Ann Lee")
    ann = record("Ann Lee", system="moodle", numbers=("12345",))
    assert list(roster.match(sheet(tmp_path, text), entries(ann))) == [0]


def test_a_mark_that_fits_two_rows_goes_to_neither(tmp_path):
    both = record("Ann Lee", names=("bob@example.org",))
    assert roster.match(sheet(tmp_path, MOODLE), entries(both)) == {}


def test_a_row_that_two_claim_stays_empty(tmp_path):
    claims = [
        record("Ann Lee", system="moodle", numbers=("12345",)),
        record("Other", system="moodle", numbers=("12345",)),
    ]
    assert roster.match(sheet(tmp_path, MOODLE), entries(*claims)) == {}


def test_a_number_of_another_system_finds_no_one(tmp_path):
    other = record("leeann", system="canvas", numbers=("12345",))
    assert roster.match(sheet(tmp_path, MOODLE), entries(other)) == {}


def test_an_email_address_finds_its_row(tmp_path):
    found = record("A. Lee", names=("ann@example.org",))
    matched = roster.match(sheet(tmp_path, MOODLE), entries(found))
    assert {place: entry.name for place, entry in matched.items()} == {0: "A. Lee"}


def test_no_column_is_ever_invented(tmp_path):
    with pytest.raises(ClassroomError, match=r"no column 'New'.*Homework"):
        sheet(tmp_path, CANVAS, "New")
    two = CANVAS.replace("Final Score", "Quiz (78)")
    with pytest.raises(ClassroomError, match=r"Homework \(77\), Quiz \(78\)"):
        sheet(tmp_path, two)
    assert sheet(tmp_path, two, "Quiz (78)").column == 6


@pytest.mark.parametrize("text", ["", "name,grade\nann,1\n"])
def test_a_file_that_is_not_a_roster_is_refused(tmp_path, text):
    with pytest.raises(ClassroomError, match=r"empty|neither.*Its columns are: name, grade"):
        sheet(tmp_path, text)


def test_moodles_worksheet_says_when_a_hand_in_came(tmp_path):
    zone = timezone(timedelta(hours=8))
    origins = [
        Origin("Ann Lee", "a", system="moodle", numbers=("12345",)),
        Origin("Bob Ng", "b", system="moodle", numbers=("12346",)),
        Origin("x", "c", system="canvas", numbers=("12345",)),
    ]
    found = roster.times(sheet(tmp_path, MOODLE), origins, zone)
    assert found == {"a": datetime(2026, 3, 1, 23, 58, tzinfo=zone)}
    text = MOODLE.replace("Sunday, 1 March", "Sonntag, 1. März")
    with pytest.raises(ClassroomError, match=r"Sonntag.*Export the worksheet in English"):
        roster.times(sheet(tmp_path, text), origins, zone)
    assert roster.times(sheet(tmp_path, CANVAS), origins, zone) == {}


# Names and groups


def behind(*origins, **found):
    return list(People(**found).of(origins).values())


def test_a_hand_in_is_its_students():
    ann = Origin("ann", "class/ann")
    assert behind(ann) == [(Person("class/ann", "ann"),)]


def test_github_names_are_mapped_with_what_all_folders_begin_with(tmp_path):
    path = table(tmp_path / "n.csv", "identifier,github_username\nAnn Lee,User1\nBob,user2\n")
    names = people.read_names(path)
    origins = [Origin(f"flask-ex1-user{n}", f"c/{n}") for n in (1, 2, 3)]
    found = behind(*origins, names=names)
    assert [each[0].name for each in found] == ["Ann Lee", "Bob", "flask-ex1-user3"]


def test_a_name_that_only_ends_alike_is_not_mapped():
    origins = [Origin("ex1-ann-lee", "c/1"), Origin("ex1-bob", "c/2")]
    found = behind(*origins, names={"lee": "Somebody Lee"})
    assert [each[0].name for each in found] == ["ex1-ann-lee", "ex1-bob"]


def test_each_member_of_a_group_gets_the_mark(tmp_path):
    path = table(tmp_path / "g.csv", "group;student\nTeam 1;Ann\nTeam 1;Bob\nTeam 2;Eve\n")
    groups = people.read_groups(path)
    found = entries(record("team 1", score=7.0), people=People(groups=groups))
    assert [(each.name, each.mark.score, each.is_member) for each in found] == [
        ("Ann", 7.0, True),
        ("Bob", 7.0, True),
    ]


def test_a_member_with_a_hand_in_of_their_own_is_one_student():
    both = [record("team", score=7.0), record("ann", score=9.0)]
    found = entries(*both, people=People(groups={"team": ("Ann", "Bob")}))
    assert [(each.name, each.mark.score) for each in found] == [("Ann", 9.0), ("Bob", 7.0)]


def test_students_with_one_name_are_told_apart_by_what_differs():
    found = people.told_apart(
        [
            Person("group1/ann", "ann"),
            Person("group2/ann", "Ann"),
            Person("moodle:7:Max", "Max"),
            Person("moodle:8:Max", "Max"),
            Person("c/x", "ann (2)"),
        ]
    )
    assert list(found.values()) == [
        "ann (group1/ann)",
        "Ann (group2/ann)",
        "Max (7)",
        "Max (8)",
        "ann (2)",
    ]


def test_a_student_who_takes_the_name_of_a_place_is_told_apart():
    names = ["ann", "ann", "ann (g1/ann)"]
    keys = ["g1/ann", "g2/ann", "g1/ann (g1/ann)"]
    found = people.told_apart(map(Person, keys, names))
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("read", "text"),
    [(people.read_names, "github,name\n"), (people.read_groups, "team,student\nx,y\n")],
)
def test_a_missing_column_is_told_with_those_that_are_there(tmp_path, read, text):
    with pytest.raises(ClassroomError, match=r"has no column .*; it has: "):
        read(table(tmp_path / "t.csv", text))


def test_times_of_an_lms_are_kept_with_their_zone():
    origin = Origin("ann", submitted=datetime(2026, 3, 1, tzinfo=UTC), members=("a", "b"))
    data = asdict(origin) | {"submitted": "2026-03-01T00:00:00+00:00"}
    assert Origin.from_json(data) == origin
