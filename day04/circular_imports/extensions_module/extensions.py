"""Make the extensions, without an app. This file imports none of our files."""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
