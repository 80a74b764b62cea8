"""Exercise: write the tests.

The app is finished, and the tests are missing. ``exercise_app.py`` beside this file is a locker
with a PIN; its first lines say what it promises. Write tests that send it requests: they pass on
this app, and at least one fails on an app that breaks a promise. The check runs them on right and
wrong apps with other code, so compare responses, not code.

Tasks:

1. Test the PIN. The right one opens the locker and shows the content; a wrong one, or a part of the
   right one, does not. Ask for no more than the app promises.
2. Test the lock. Three wrong PINs in a row lock the locker, for the right PIN too; a right one in
   between sets the count back.
3. Test bodies without a PIN. They are 400, a number as well, and are not counted.
4. Test who sees the content. It is the visitor who has opened the locker, and no one else, until
   the locker is closed.

Run it:   pytest day04/login/exercise.py
          flask --app day04.login.exercise run --debug    (the app itself)
Try it:   curl --json '{"pin": "2468"}' http://127.0.0.1:5000/open
          curl -i http://127.0.0.1:5000/content
Check it: course check login
"""
# ruff: noqa: D103 - a test asserts, and its name says what

import pytest
from flask.testing import FlaskClient

from day04.login.exercise_app import create_app


@pytest.fixture
def client() -> FlaskClient:
    """Give a client of a new locker, so that no test finds what another one has left."""
    return create_app({"TESTING": True}).test_client()


def test_the_pin_opens_the_locker(client):
    response = client.post("/open", json={"pin": "2468"})
    print(response.status_code, response.json)
    # TODO (task 1): assert these two, and what /content returns now


# TODO (task 1): wrong PINs, and parts of the right one
# TODO (task 2): three wrong PINs in a row; two, the right one, and two more
# TODO (task 3): what else can a body contain? pytest.mark.parametrize tries many with one test.
# TODO (task 4): closing, and a second visitor: another test client of the same app
