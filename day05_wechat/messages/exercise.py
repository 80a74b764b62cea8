"""Exercise: an account that counts characters.

A follower sends a text, and the account replies with the number of its characters.

Tasks:

1. Read the message in the body, and reply with XML: ``MsgType`` is ``text``, and ``Content`` is the
   number of characters in the message's ``Content``. A blank text has 0.
2. Send it back: ``ToUserName`` of the reply is the message's ``FromUserName``, and the other way
   round. Both can hold any character.
3. Refuse text that is not XML, and XML with another root than ``xml``, with 400.

Run it:   flask --app day05_wechat.messages.exercise run --debug
Try it:   curl http://127.0.0.1:5000/count --data-raw '<xml><Content>hello</Content></xml>'
          curl -i http://127.0.0.1:5000/count --data-raw 'hello'
Check it: course check messages
"""

from flask import Flask, Response

app = Flask(__name__)


@app.post("/count")
def count():
    """Reply with the number of characters."""
    # TODO (task 1): read the body, and count the characters
    # TODO (task 2): the names of the sender and the receiver
    # TODO (task 3): 400 for a body that is not a message
    return Response("<xml></xml>", mimetype="application/xml")
