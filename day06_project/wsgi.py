"""The shop as a production server finds it: its settings come from the environment alone.

Run it: gunicorn -c day06_project/gunicorn.conf.py day06_project.wsgi:app
"""

import os

from day06_project.shop import create_app

app = create_app(os.environ.get("FLASK_CONFIG", "production"))
