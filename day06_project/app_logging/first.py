"""Log one line for each order.

The file ``app.py`` beside this one writes the log to a file.

Run it: flask --app day06_project.app_logging.first run
"""

from flask import Flask

app = Flask(__name__)
app.logger.setLevel("INFO")


@app.get("/order/<name>")
def order(name):
    """Log the order; ``%s`` is the place of the name."""
    app.logger.info("order for %s", name)
    return "Thank you!\n"
