# Alembic's own options, such as file_template. The database and logging are set by the app.
[alembic]
