"""Settings for gunicorn, which reads this file at the start and at each reload.

In the root folder of the course:

    gunicorn -c day04/deployment/gunicorn.conf.py day04.deployment.wsgi:app

An option on the command line, such as -w 4 or -b 127.0.0.1:8001, wins over this file.
"""

# Only this machine can connect; visitors connect to the proxy in front.
bind = "127.0.0.1:8000"
# The default is 1: then one slow page makes all visitors wait.
workers = 2
# One line for each request, on standard output. By default there is none.
accesslog = "-"
# How long running requests may continue after a stop or reload, in seconds.
graceful_timeout = 30
# By default gunicorn trusts X-Forwarded-Proto if it comes from this machine, where the proxy
# usually runs. Here only the application decides whom it trusts.
forwarded_allow_ips = ""
# Gunicorn 27 would make a control socket in the home directory, the same for all sites of a user.
control_socket_disable = True
