"""Exercise: messages of a parcel service.

A parcel service tells your shop where the parcels are: it sends a message whenever one has moved.
Anyone could send such a message, so the service signs each one, and wants your responses signed,
too. Its recipe is newer than WeChat's, and covers the message.

Two headers come with each message. ``Parcel-Timestamp`` says when it was sent, in whole seconds
since 1970. ``Parcel-Signature`` is the HMAC with SHA-256, in hexadecimal digits, of the timestamp,
a full stop and the body; its key is the secret that you share.

Tasks:

1. Sign what you send. Write ``sign``; the response to ``GET /parcels/<number>`` has the two
   headers, with the time of now, and the signature fits the body that is sent.
2. Accept only what is signed. A message without one of the headers gets a 400, one with another
   signature, even if it is not hexadecimal, a 403. Nothing of it is stored.
3. Accept only new messages. A timestamp more than 300 seconds before or after your clock gets a
   403, and so does one that is not a whole number.
4. Accept each message once. Someone may record a message and send it again: one with a signature
   that came before gets a 204 and changes nothing.

Run it:   FLASK_PARCEL_SECRET=only4trying flask --app day05_wechat.signature.exercise run --debug
          (in PowerShell write $env:FLASK_PARCEL_SECRET = "only4trying" in a line before)
Try it:   curl -i http://127.0.0.1:5000/parcels/7001
          curl -i --json '{"number": "7001", "state": "stolen"}' http://127.0.0.1:5000/messages
          flask --app day05_wechat.signature.exercise message 7001 arrived
          (this plays the parcel service, if FLASK_PARCEL_SECRET is set as above: it prints a curl
          line with a signature)
Check it: course check signature
"""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import click
from flask import Flask, request


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the HMAC of ``timestamp.body``, as 64 hexadecimal digits."""
    # TODO (task 1): hmac.new takes bytes, and can hash with "sha256"
    return ""


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop's side; what is known of the parcels is in memory."""
    app = Flask(__name__)
    app.config.from_mapping(PARCEL_SECRET=secrets.token_hex())
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    secret = app.config["PARCEL_SECRET"]
    states: dict[str, str] = {}

    @app.get("/parcels/<number>")
    def parcel(number: str):
        """Tell what is known of a parcel; the state is null until a message has come."""
        # TODO (task 1): add the two headers; jsonify makes a response that has them
        return {"number": number, "state": states.get(number)}

    @app.post("/messages")
    def receive():
        """Take a message of the parcel service."""
        # TODO (task 2): are the headers there, and does the signature fit the bytes that came?
        # TODO (task 3): is the timestamp of now?
        # TODO (task 4): is the signature a new one?
        message = request.get_json()
        states[str(message["number"])] = str(message["state"])
        return "", 204

    @app.cli.command("message")
    @click.argument("number")
    @click.argument("state")
    def message(number: str, state: str) -> None:
        """Play the parcel service: print a curl line that sends a signed message."""
        body = json.dumps({"number": number, "state": state})
        timestamp = str(int(time.time()))
        headers = (
            f"-H 'Parcel-Timestamp: {timestamp}' "
            f"-H 'Parcel-Signature: {sign(secret, timestamp, body.encode())}'"
        )
        click.echo(f"curl -i {headers} --json '{body}' http://127.0.0.1:5000/messages")

    return app
