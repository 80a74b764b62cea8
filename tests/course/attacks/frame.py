"""What stands before each attack and makes a submission of it: an app that is wrong everywhere."""

# ruff: noqa: F401 (what the attacks import)

import contextlib
import ctypes
import faulthandler
import gc
import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from flask import Flask, Response, redirect, request

TARGET: dict = {}

app = Flask(__name__)
TRIED: list[str] = []
THROUGH: list[str] = []


def attempt(name, function, *args):
    """Try something that the wall should hold, and note whether it did."""
    TRIED.append(name)
    try:
        function(*args)
    except BaseException:  # noqa: BLE001
        return
    THROUGH.append(name)


def frame(head, body=b""):
    """Return a frame of the wire between the box and the judge."""
    return struct.pack(">II", len(head), len(body)) + head + body


def shout(data):
    """Write into everything that is open."""
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(number, data)


def wait_for(child):
    with contextlib.suppress(OSError):
        os.waitpid(child, 0)


def alone():
    """Return whether the first process is the box, so that a missing wall harms no one."""
    return b"inside.main" in pathlib.Path("/proc/1/cmdline").read_bytes()
