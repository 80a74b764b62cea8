"""The extension of the exercise, without an app."""

from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
