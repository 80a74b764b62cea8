"""Exercise: the search and the counter of a bakery.

A search comes in the query string, an order in a form. Both can lack something.

Tasks:

1. GET ``/search`` reads ``word`` from the query string and responds with ``{"word":"rye"}``.
   Without a word the response is 400.
2. It also reads ``page``, a number, and adds it: ``{"page":2,"word":"rye"}``. Without a page, or if
   it is not a number, the page is 1.
3. POST ``/order`` reads ``bread`` from the form and responds with ``{"bread":"rye"}``. Only ``rye``
   and ``wheat`` are sold; any other bread is 400, and so is an order without bread.

Run it:   flask --app day02.query_and_form.exercise run --debug
Try it:   curl "http://127.0.0.1:5000/search?word=rye&page=2"
          curl -i http://127.0.0.1:5000/search
          curl -d bread=rye http://127.0.0.1:5000/order
Check it: course check query_and_form
"""

from flask import Flask, abort, request

BREADS = ("rye", "wheat")

app = Flask(__name__)


# TODO (tasks 1 and 2): the view for /search


# TODO (task 3): the view for /order
