"""Exercise: the first two pages of a shop.

A tea shop opens its web site today. It has two pages, and each is one line of text.

Tasks:

1. Write a view for ``/tea``. It responds with the text ``Tea is ready.``
2. Write a view for ``/tee``, the page for German visitors. It responds with the text
   ``Der Tee ist fertig.`` and the header ``Content-Language: de``.

Run it:   flask --app day01.hello.exercise run --debug
Try it:   curl http://127.0.0.1:5000/tea
          curl -i http://127.0.0.1:5000/tee
Check it: course check hello
"""

from flask import Flask

app = Flask(__name__)


# TODO (task 1): the view for /tea


# TODO (task 2): the view for /tee
