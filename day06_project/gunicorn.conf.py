"""Settings of gunicorn, which is started with ``-c day06_project/gunicorn.conf.py``."""

import os

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = os.environ.get("WORKER_CLASS", "gthread")

# The raw request line: a decoded path could hold the end of a line. The id is the one in our logs.
accesslog = "-"
access_log_format = '%(t)s %(h)s "%(r)s" %(s)s %(b)s %(L)ss [%({x-request-id}o)s]'

# TRUSTED_PROXIES decides which headers about https are true; gunicorn would trust its own machine.
secure_scheme_headers = {}
# All gunicorns of this user would share one socket in the home directory.
control_socket_disable = True
