"""Fixtures for the lessons of day 1."""

import pytest


@pytest.fixture
def started(monkeypatch):
    """Collect the servers that are started, as dicts of their options; none of them runs."""
    monkeypatch.delenv("FLASK_RUN_FROM_CLI", raising=False)
    servers = []

    def run_simple(host, port, app, **options):
        servers.append({"host": host, "port": port, "app": app} | options)

    monkeypatch.setattr("werkzeug.serving.run_simple", run_simple)
    monkeypatch.setattr("flask.cli.run_simple", run_simple)
    return servers
