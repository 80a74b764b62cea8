"""A lesson's app: the one way in which the reader and the replay of the notes find it.

The grader's box finds the app of a submission by itself (``grading/sandbox/serve.py``). It takes
any WSGI application, tells three mistakes apart by codes, and shows its world one folder of this
package. A call of this module there is longer than the five lines that it replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from flask import Flask


def app_of(module: ModuleType, config: Mapping[str, Any] | None = None) -> Flask:
    """Return what ``create_app`` of a module makes, or its ``app``.

    ``config`` goes to ``create_app``. Raises ``TypeError`` if that is not a Flask object,
    ``AttributeError`` if the module has neither, and everything that the module's own code raises.
    """
    if hasattr(module, "create_app"):
        app = module.create_app() if config is None else module.create_app(config)
    else:
        app = module.app
    if not isinstance(app, Flask):
        raise TypeError(f"the app of {module.__name__} is not a Flask object")
    return app
