"""What instructors, contributors and maintainers read at the door is so."""

import re
import subprocess
import tomllib

import pytest
import yaml
from click.testing import CliRunner

from course import cli
from course.catalogue import ROOT
from course.transcript import fences

DOORS = ["CONTRIBUTING.md", "CHANGES.md", "SECURITY.md", "course/README.md", "tests/README.md"]
each_door = pytest.mark.parametrize("door", DOORS)


def anchors(markdown):
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@each_door
def test_every_link_leads_to_a_file_and_a_heading(door):
    folder = (ROOT / door).parent
    text = (ROOT / door).read_text("utf-8")
    for link, anchor in re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", text):
        assert (folder / link).exists(), link
        assert not anchor or anchor in anchors((folder / link).read_text("utf-8")), anchor


@each_door
def test_every_file_and_folder_of_a_command_is_there(door):
    for fence in fences((ROOT / door).read_text("utf-8")):
        for path in re.findall(r"(?:tests|\.ci)/[\w./]+", fence.content):
            assert (ROOT / path).exists() or "greetings" in path, path


@each_door
def test_every_command_and_option_of_the_course_exists(door):
    text = (ROOT / door).read_text("utf-8").replace("\\\n", " ")
    for line in re.findall(r"(?:uv run |`)course ([a-z][^`\n]*)", text):
        words = line.split()
        names = [word for word in words[:2] if word.isalpha()]
        command = cli.main
        while names and names[0] in getattr(command, "commands", {}):
            command = command.commands[names.pop(0)]
        assert command is not cli.main, line
        shown = CliRunner().invoke(command, ["--help"]).output
        for option in re.findall(r"--[a-z]+", line):
            assert option in shown, f"{line}: {option}"


@each_door
def test_every_option_that_the_text_names_exists(door):
    commands = [*cli.main.commands.values(), *cli.main.commands["new"].commands.values()]
    helps = "".join(CliRunner().invoke(command, ["--help"]).output for command in commands)
    others = {
        "--all",
        "--all-groups",
        "--extra",
        "--group",
        "--submission",
        "--prefix",
        "--relative",
    }
    text = (ROOT / door).read_text("utf-8")
    prose = re.sub(r"^````?.*?^````?$", "", text, flags=re.MULTILINE | re.DOTALL)
    for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", prose)) - others:
        assert option in helps or option == "--no-prefix", option


def test_the_newest_heading_of_the_changes_is_this_version_or_the_next():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    first, second = re.findall(
        r"^## (\d+\.\d+\.\d+)(?: \(not released yet\))?$",
        (ROOT / "CHANGES.md").read_text("utf-8"),
        re.MULTILINE,
    )[:2]
    text = (ROOT / "CHANGES.md").read_text("utf-8")
    assert version == (second if f"## {first} (not released yet)" in text else first)


def test_the_workflows_are_yaml_and_run_what_is_there():
    paths = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    assert paths
    for path in paths:
        jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
        steps = [step for job in jobs.values() for step in job["steps"]]
        for run in (step["run"] for step in steps if "run" in step):
            for file in re.findall(r"(?:tests|\.ci)/\w+", run):
                assert (ROOT / file).exists(), file


def test_the_hooks_are_the_tools_of_ci():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    for tool in ("ruff format", "ruff check"):
        assert any(tool in entry for entry in entries)
        assert tool in ci


def test_no_line_of_the_repository_ends_with_white_space():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this copy is not a git repository")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".md", ".py", ".html", ".css", ".js", ".toml", ".yml"} and path.exists():
            found = re.search(r"[ \t]+$", path.read_text("utf-8"), re.MULTILINE)
            assert not found, f"{name}: {found.start()}"
