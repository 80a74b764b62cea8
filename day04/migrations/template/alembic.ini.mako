# Alembic's own options, such as file_template. Address and logging are the app's matter: env.py.
[alembic]
