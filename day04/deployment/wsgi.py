"""Build the application for a production server, which imports this module and takes ``app``.

Linux and macOS:

    gunicorn -c day04/deployment/gunicorn.conf.py day04.deployment.wsgi:app

Every system:

    waitress-serve --listen=127.0.0.1:8000 day04.deployment.wsgi:app
"""

from day04.deployment.app import create_app

app = create_app()
