"""The data that the API takes and gives: each rule stands here, once.

The views check requests with these classes, the OpenAPI document is made from them, and the pages
show their descriptions beside the fields.
"""

from marshmallow import fields, validate

from day06_project.shop.utils.openapi import Answer
from day06_project.shop.utils.validation import Body, Integer, Number, Query, Text

MAX_PER_PAGE = 100
MAX_PAGE = 1_000_000
MAX_ID = 999_999_999
MAX_LINES = 100
MAX_TOTAL = 10**13  # 100 lines of 999 pieces for a million each
SORTS = ("id", "-id", "name", "-name", "price", "-price")


def described(text: str, **more: str) -> dict[str, str]:
    """Return marshmallow's ``metadata`` for a field, which is copied into the document."""
    return {"description": text, **more}


class Id(Integer):
    """The id of a row."""

    def __init__(self) -> None:
        """Set the limits of the converter ``id``."""
        super().__init__(1, MAX_ID)


class Time(fields.String):
    """A time in UTC, in whole seconds."""

    def __init__(self) -> None:
        """Describe it."""
        super().__init__(metadata={"format": "date-time", "pattern": "Z$"})


class Name(Text):
    """The name of a person; MariaDB would take "Ada" and "ada" for the same."""

    def __init__(self) -> None:
        """Set the rules."""
        words = "a to z, 0 to 9, _ and -"
        hint = described(f"3 to 32 characters: {words}")
        super().__init__(3, 32, "^[a-z0-9_-]*$", f"of {words}", metadata=hint)


class Password(Text):
    """A password, of any characters that can be typed."""

    def __init__(self) -> None:
        """Set the rules."""
        hint = described("8 to 128 characters; a sentence is a good one")
        super().__init__(8, 128, metadata=hint)


# What the API takes


class Login(Body):
    """Who logs in."""

    name = Name()
    password = Password()


class Registration(Login):
    """Who wants an account, and has read the captcha."""

    captcha_id = Text(
        *(36, 36, "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$", "a UUID"),
        metadata={"format": "uuid"},
    )
    captcha_text = Text(
        *(1, 16),
        metadata=described(
            "Large or small is the same; a picture is good for three minutes and one try"
        ),
    )


class GoodsFields(Body):
    """What an owner says about goods."""

    name = Text(
        *(1, 64, r"^(?!\s)[^\u0000-\u001f\u007f-\u009f]*$(?<!\s)"),
        "a text without spaces around it, without line breaks and control characters",
        metadata=described("Up to 64 characters"),
    )
    price = Integer(0, 100_000_000, metadata=described("In cents"))
    description = Text(
        0, 1000, load_default="", metadata=described("Up to 1000 characters, in one paragraph")
    )
    stock = Integer(0, 1_000_000, load_default=0, metadata=described("How many there are"))


class Wanted(Body):
    """How many of some goods a user wants."""

    quantity = Integer(1, 999)


class NewOrder(Body):
    """What a buyer has seen and agrees to."""

    total = Integer(0, MAX_TOTAL)


class OrdersQuery(Query):
    """Which orders: those before an id."""

    before = Number(1, MAX_ID, load_default=MAX_ID)


class GoodsQuery(Query):
    """Which page of the goods, and in which order."""

    page = Number(1, MAX_PAGE, load_default=1)
    per_page = Number(1, MAX_PER_PAGE, load_default=20)
    sort = fields.String(
        load_default="id",
        validate=validate.OneOf(SORTS, error="must be one of {choices}, not {input}"),
    )


# What it gives


class Health(Answer):
    """All is well."""

    status = fields.String(validate=validate.Equal("ok"))


class User(Answer):
    """What others may know about a person."""

    id = Id()
    name = Name()


class Session(Answer):
    """Who is logged in, if anyone is."""

    user = fields.Nested(User, allow_none=True)


class Goods(GoodsFields, Answer):
    """Something for sale."""

    id = Id()
    owner_id = Id()
    created_at = Time()


class Page(Answer):
    """Some of the goods; empty beyond the last page."""

    items = fields.List(fields.Nested(Goods), validate=validate.Length(max=MAX_PER_PAGE))
    page = Integer(1, MAX_PAGE)
    per_page = Integer(1, MAX_PER_PAGE)
    total = fields.Integer(validate=validate.Range(0))
    pages = fields.Integer(validate=validate.Range(1))


class Line(Wanted, Answer):
    """How many of some goods are in the cart."""

    goods_id = Id()


class CartLine(Line):
    """A line of the cart, with what the goods cost now."""

    name = GoodsFields().fields["name"]
    price = Integer(0, 100_000_000)


class Cart(Answer):
    """All lines, and what they cost together."""

    items = fields.List(fields.Nested(CartLine))
    total = fields.Integer(validate=validate.Range(0))


class OrderSummary(Answer):
    """An order in the list."""

    id = Id()
    total = Integer(0, MAX_TOTAL)
    created_at = Time()


class Order(OrderSummary):
    """An order, with names and prices of its moment."""

    items = fields.List(fields.Nested(CartLine), validate=validate.Length(1, MAX_LINES))


class Orders(Answer):
    """The newest orders, and whether there are older ones."""

    items = fields.List(fields.Nested(OrderSummary))
    more = fields.Boolean()
