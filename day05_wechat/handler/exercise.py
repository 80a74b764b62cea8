"""Exercise: an account that answers by keyword.

The followers of a tea house ask the same questions day after day. The owner writes the answers into
exercise_replies.json, each under its keyword, and the account looks them up. Followers who prefer
a person say so. The URL, the signature and the XML are the lesson's; you write the replies.

Tasks:

1. Answer by keyword. A text that holds a keyword gets its answer, anywhere in the text, in
   upper or lower case. If there are several, the longest one counts.
2. Help new followers. A follower who subscribes, or writes a text without any keyword, gets a
   text with all keywords, each as it is written in the file.
3. Answer the menu. A click (the event CLICK) gets the answer of the keyword that its EventKey is;
   another EventKey gets silence, and so does every other event.
4. Let a person answer. After the text "person" (alone, in upper or lower case) this follower is
   told that someone comes. From then on each text is handed to the staff, with a reply of the kind
   transfer_customer_service, until the text "bot", which gets the help. Other followers do not
   notice.

A blank text gets silence.

Run it:   WECHAT_TOKEN=Token09 flask --app day05_wechat.handler.exercise run --debug
          (in PowerShell write $env:WECHAT_TOKEN = "Token09" in a line before)
Try it:   curl -d "@day05_wechat/handler/text.xml" "http://127.0.0.1:5000/wechat?signature=c63175ee014b5ba17154d8900b7afab45d2c32b6&timestamp=1409659589&nonce=263014780"
          (and with other texts in a copy of text.xml, each with another MsgId)
Check it: course check handler
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from day05_wechat.handler.app import create_app as create_handler
from day05_wechat.handler.dispatcher import Dispatcher, Message, Reply

REPLIES: dict[str, str] = json.loads(
    Path(__file__).with_name("exercise_replies.json").read_text("utf-8")
)

on = Dispatcher()


@on("text")
def answer(message: Message) -> Reply:
    """Answer a text."""
    # TODO (task 1): look for the keywords in message["Content"], which may be None
    # TODO (task 2): help, if no keyword fits
    # TODO (task 4): hand over the texts of those who wait for a person
    return message.get("Content")


# TODO (task 2): the event subscribe
# TODO (task 3): the event CLICK, and all other events


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the lesson's handler, which says what is registered above."""
    return create_handler(config, on)
