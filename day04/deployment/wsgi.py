"""Give a production server the application under the name that it is told, ``wsgi:app``.

Linux, macOS: gunicorn -c day04/deployment/gunicorn.conf.py day04.deployment.wsgi:app
Everywhere:   waitress-serve --listen=127.0.0.1:8000 day04.deployment.wsgi:app
"""

from day04.deployment.app import create_app

app = create_app()
