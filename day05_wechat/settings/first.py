"""Take the token from the environment, or make one up for this start.

Run it: flask --app day05_wechat.settings.first run --debug
"""

import os
import secrets

from flask import Flask

app = Flask(__name__)
app.config["WECHAT_TOKEN"] = os.environ.get("WECHAT_TOKEN") or secrets.token_hex(16)


@app.get("/")
def index():
    """Say how long the token is; a page that shows a secret publishes it."""
    return f"The token has {len(app.config['WECHAT_TOKEN'])} characters.\n"
