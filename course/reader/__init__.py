"""The local reader: notes, source and live lessons on one page, served on this machine only."""

from .app import create_reader
from .server import create_server

__all__ = ["create_reader", "create_server"]
