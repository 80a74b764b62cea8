"""Lets ``python -m course`` do what ``course`` does."""

from course.cli import main

main(prog_name="course")
