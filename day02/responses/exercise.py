"""Exercise: the responses of a bakery.

Programs and people ask the bakery. Each gets the status code, the type and the headers that fit.

Tasks:

1. GET ``/bread`` responds with the text ``Baked at 6.`` and the status code 200. GET ``/cake``
   responds with the text ``Sold out.`` and the status code 410.
2. GET ``/prices`` responds with JSON: ``{"bread":3,"roll":1}``.
3. GET ``/secret`` responds with the text ``Staff only.``, the status code 403 and the header
   ``X-Reason: recipe``.

Run it:   flask --app day02.responses.exercise run --debug
Try it:   curl -i http://127.0.0.1:5000/cake
          curl -i http://127.0.0.1:5000/prices
          curl -i http://127.0.0.1:5000/secret
Check it: course check responses
"""

from flask import Flask

app = Flask(__name__)


# TODO (task 1): the views for /bread and /cake


# TODO (task 2): the view for /prices


# TODO (task 3): the view for /secret
