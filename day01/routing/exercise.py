"""Exercise: a desk where parcels are fetched and handed in.

One path, ``/parcels``, has two jobs. A customer who asks for it gets the opening hours; a customer
who sends something to it hands in a parcel.

Tasks:

1. Write a view for GET ``/parcels``. It responds with the text ``Open from 9 to 17.``
2. Write a second view for POST ``/parcels``. It responds with the text ``Thank you.``
3. The desk has an older path, too: ``/packages`` responds to GET with the same view as task 1.

Run it:   flask --app day01.routing.exercise run --debug
Try it:   curl http://127.0.0.1:5000/parcels
          curl -X POST http://127.0.0.1:5000/parcels
          curl http://127.0.0.1:5000/packages
Check it: course check routing
"""

from flask import Flask

app = Flask(__name__)


# TODO (tasks 1 and 3): the view for GET


# TODO (task 2): the view for POST
