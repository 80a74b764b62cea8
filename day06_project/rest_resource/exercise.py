"""Exercise: the notes of a kitchen.

A REST resource keeps short notes. They are in a dictionary, which a new start empties.

Tasks:

1. POST ``/notes`` with ``{"text":"buy salt"}`` adds a note. The response is 201 with the note,
   ``{"id":1,"text":"buy salt"}``, and its path in ``Location``: ``/notes/1``.
2. GET ``/notes/1`` responds with the note; a number that has no note is 404.
3. DELETE ``/notes/1`` responds with 204 and no body. Afterwards the note is 404.
4. A ``text`` that is missing, empty, longer than 100 characters or not a text is 422.

Run it:   flask --app day06_project.rest_resource.exercise run --debug
Try it:   curl -i --json '{"text":"buy salt"}' http://127.0.0.1:5000/notes
          curl -i http://127.0.0.1:5000/notes/1
          curl -i -X DELETE http://127.0.0.1:5000/notes/1
Check it: course check rest_resource
"""

from itertools import count

from flask import Flask, abort, request, url_for

app = Flask(__name__)
notes = {}
numbers = count(1)


# TODO (tasks 1 and 4): the view for POST /notes; next(numbers) is a new number


# TODO (task 2): the view for GET /notes/...


# TODO (task 3): the view for DELETE /notes/...
