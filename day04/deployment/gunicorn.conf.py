"""Settings for gunicorn, which reads this file at its start and again when it is told to reload.

In the root of the course:

    gunicorn -c day04/deployment/gunicorn.conf.py day04.deployment.wsgi:app

An option on the command line, such as -w 4 or -b 127.0.0.1:8001, wins over what stands here.
"""

# Nobody but this machine gets in; the proxy in front is what the world talks to.
bind = "127.0.0.1:8000"
# The default is one: a single slow page would keep everybody waiting.
workers = 2
# One line for each request, on standard output. The default is none at all.
accesslog = "-"
# How long a request that is under way may go on after a stop or reload, in seconds.
graceful_timeout = 30
# By default the header X-Forwarded-Proto is believed when it comes from this machine, where the
# proxy mostly runs. Here the application alone decides whom it believes.
forwarded_allow_ips = ""
# Gunicorn 27 would put a socket for its control into the home directory, the same for every site.
control_socket_disable = True
