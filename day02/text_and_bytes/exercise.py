"""Exercise: a machine that shouts.

It takes bytes, makes text of them, and sends bytes back. Bytes can be anything.

Tasks:

1. POST ``/shout`` decodes the body as UTF-8 and responds with the text in upper case: ``grün``
   gives ``GRÜN``.
2. Bytes that are not UTF-8 are answered with 400.
3. POST ``/count`` responds with both numbers of the text: ``{"bytes":5,"characters":4}`` for
   ``grün``.

Run it:   flask --app day02.text_and_bytes.exercise run --debug
Try it:   curl -d "grün" http://127.0.0.1:5000/shout
          curl -d "grün" http://127.0.0.1:5000/count
Check it: course check text_and_bytes
"""

from flask import Flask, abort, request

app = Flask(__name__)


# TODO (tasks 1 and 2): the view for POST /shout


# TODO (task 3): the view for POST /count
