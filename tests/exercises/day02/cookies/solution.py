"""A solution of the exercise."""

from datetime import timedelta

from flask import Flask, redirect, request, url_for

app = Flask(__name__)


@app.get("/")
def index():
    """Show the language."""
    return {"language": request.cookies.get("language", "en")}


@app.post("/language/<any(de, en, fr):language>")
def choose(language: str):
    """Set the cookie on the response."""
    response = redirect(url_for("index"), 303)
    response.set_cookie("language", language, max_age=timedelta(days=30), httponly=True)
    return response


@app.post("/forget")
def forget():
    """Delete the cookie."""
    response = redirect(url_for("index"), 303)
    response.delete_cookie("language")
    return response
