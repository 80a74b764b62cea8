"""Lets ``python -m course`` do what ``course`` does."""

from .cli import main

main(prog_name="course")
