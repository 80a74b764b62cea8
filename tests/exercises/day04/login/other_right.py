"""Another right locker: it keeps all promises, and differs in all that is left open."""

import secrets

from flask import Flask, jsonify, make_response, request, session


class Locker:
    """Count the wrong PINs, and name the visitor who has opened it."""

    def __init__(self, pin):
        self.pin = pin
        self.wrong = 0

    def answer(self, pin):
        if self.wrong == 3:
            return 423
        if secrets.compare_digest(pin.encode("utf-8", "replace"), self.pin.encode()):
            self.wrong = 0
            return 200
        self.wrong += 1
        return 401


def create_app(config=None):
    app = Flask("locker")
    app.config.update(SECRET_KEY=secrets.token_hex(), PIN="2468", CONTENT="an umbrella")
    app.config.update(config or {})
    locker = Locker(app.config["PIN"])

    @app.post("/open", endpoint="try_pin")
    def try_pin():
        try:
            pin = request.get_json(force=True)["pin"] + ""
        except Exception:  # noqa: BLE001
            return jsonify(error="There is no PIN in it."), 400
        status = locker.answer(pin)
        if status == 200:
            session["locker"] = "opened by this visitor"
        response = make_response(jsonify(open=status == 200), status)
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/content", endpoint="inside")
    def inside():
        if "locker" in session:
            return jsonify(content=app.config["CONTENT"])
        return jsonify(error="Open it first."), 403

    @app.post("/close", endpoint="lock_up")
    def lock_up():
        session.pop("locker", None)
        return make_response("", 204)

    return app
