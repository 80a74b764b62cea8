"""Make the extensions, without an app. This file imports nothing of ours."""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
