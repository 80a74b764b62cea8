"""Test the login with unittest, which comes with Python.

Run it: python -m unittest day04.login.example_unittest
"""
# ruff: noqa: D102, PT009 - the name of a test says what it tests; this is how unittest asserts

import io
import logging
import unittest

from day04.login.app import create_app


class LoginTest(unittest.TestCase):
    """Hold the tests: each method whose name begins with ``test`` is one."""

    def setUp(self):
        """Prepare each test anew, so that no test finds what another one has left."""
        self.app = create_app(
            {"TESTING": True, "WTF_CSRF_ENABLED": False, "PASSWORD_METHOD": "pbkdf2:sha256:1"}
        )
        self.client = self.app.test_client()
        self.log = io.StringIO()
        self.handler = logging.StreamHandler(self.log)
        self.app.logger.addHandler(self.handler)

    def tearDown(self):
        """Clean up after each test, also after one that failed: all apps share the logger."""
        self.app.logger.removeHandler(self.handler)

    def log_in(self, name, password):
        """Send a name and a password to the API."""
        return self.client.post("/api/login", json={"name": name, "password": password})

    def name_in_session(self):
        """Return the name in the session, as the app reads it at the next request."""
        with self.client.session_transaction() as session:
            return session.get("name")

    def test_the_right_password_logs_in(self):
        response = self.log_in("ann", "green tea")
        self.assertEqual(response.status_code, 200)
        self.assertIn("code", response.json)
        self.assertEqual(response.json["code"], "welcome")
        self.assertEqual(self.name_in_session(), "ann")

    def test_a_wrong_password_does_not(self):
        response = self.log_in("ann", "black tea")
        self.assertEqual(response.status_code, 401)
        self.assertEqual(response.json["code"], "refused")
        self.assertIsNone(self.name_in_session())

    def test_a_refusal_does_not_say_which_names_exist(self):
        self.assertEqual(self.log_in("ann", "x").json, self.log_in("nobody", "x").json)

    def test_a_refused_login_is_logged_without_the_password(self):
        self.log_in("ann", "black tea")
        self.assertIn("A login from 127.0.0.1 was refused.", self.log.getvalue())
        self.assertNotIn("black tea", self.log.getvalue())

    def test_anything_but_two_texts_is_400(self):
        for body in [[], {}, {"name": "ann"}, {"name": "ann", "password": 1}]:
            with self.subTest(body=body):  # says which body failed, and goes on with the others
                response = self.client.post("/api/login", json=body)
                self.assertEqual(response.status_code, 400)
                self.assertIsInstance(response.json["message"], str)
