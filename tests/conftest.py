"""Fixtures that every lesson's tests share."""

import pytest


@pytest.fixture
def client(request):
    """Give a test client for the ``app`` that the test module imported."""
    return request.module.app.test_client()
