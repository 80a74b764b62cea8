"""Put all the tools of a project into one file, and see how they fit together.

Settings, database, migrations, sessions, protection of forms, a page and JSON: each tool takes a
few lines. One file is a good beginning, because you do not have to search. The notes show where it
begins to hurt. The files of the shop, at the end of this day, are for that.

Run it: flask --app day06_project.single_file.app run --debug
"""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from cachelib import FileSystemCache
from flask import Blueprint, Flask, current_app, redirect, render_template, session, url_for
from flask_migrate import Migrate, upgrade
from flask_session import Session
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import MetaData, String, inspect, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import NullPool

MOST = 99  # of one kind in a basket


class Base(DeclarativeBase):
    """Name the constraints, so that later migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
one_at_a_time = Lock()
shop = Blueprint("shop", __name__)


class Goods(db.Model):
    """Something for sale."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    price: Mapped[int]  # cents: binary fractions cannot hold 0.10


def prepare() -> None:
    """Make the folder, and the tables by migration, when the first request needs them."""
    folder = Path(current_app.config["DATA_FOLDER"])
    (folder / "sessions").mkdir(parents=True, exist_ok=True)
    with one_at_a_time:  # two visitors may be the first
        if not inspect(db.engine).has_table("goods"):
            upgrade()


def all_goods() -> Sequence[Goods]:
    """Return the goods by name."""
    prepare()
    return db.session.scalars(select(Goods).order_by(Goods.name)).all()


@shop.get("/ping")
def ping():
    """Say that the program runs; it needs neither database nor session for that."""
    return "pong\n"


@shop.get("/")
def index():
    """Show the goods as a page, with a form for each."""
    return render_template("index.html", all_goods=all_goods(), basket=session.get("basket", {}))


@shop.get("/goods")
def goods_as_json():
    """Return the same goods to a program."""
    return [{"id": goods.id, "name": goods.name, "price": goods.price} for goods in all_goods()]


@shop.post("/basket/<int(max=999_999_999):goods_id>")
def put(goods_id: int):
    """Put one more of it into the visitor's basket."""
    prepare()
    key = str(db.get_or_404(Goods, goods_id).id)
    basket = session.get("basket", {})
    session["basket"] = basket | {key: min(basket.get(key, 0) + 1, MOST)}
    return redirect(url_for(".index"), 303)


@shop.post("/basket/empty")
def empty():
    """Remove everything from the basket."""
    session.pop("basket", None)
    return redirect(url_for(".index"), 303)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Build the app; it keeps the database and the sessions in the folder ``DATA_FOLDER``."""
    app = Flask(__name__)
    app.config.from_mapping(
        DATA_FOLDER=Path(app.instance_path) / "day06_project_single_file",
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},  # a file need not be held open
        SESSION_TYPE="cachelib",
        SESSION_COOKIE_SAMESITE="Lax",
        # True would write each session back at the end of each request, changed or not.
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config or {})
    # Without a key, or with an empty one, take a random key.
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or secrets.token_hex()
    folder = Path(app.config["DATA_FOLDER"]).absolute()
    app.config["DATA_FOLDER"] = folder
    app.config.setdefault("SQLALCHEMY_DATABASE_URI", f"sqlite:///{folder / 'shop.db'}")
    # Its own limit of 500 files would log out the first visitor when the 501st comes.
    app.config["SESSION_CACHELIB"] = FileSystemCache(str(folder / "sessions"), threshold=10_000)

    # The settings are complete: each extension reads them once, now.
    db.init_app(app)
    Migrate(app, db, directory=Path(__file__).parent / "migrations")
    Session(app)
    CSRFProtect(app)

    app.register_blueprint(shop)
    return app
