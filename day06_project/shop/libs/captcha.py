"""Captchas: letters in a picture that a person reads more easily than a simple program."""

import secrets

from captcha.image import ImageCaptcha

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"  # without those that look alike: 0 O Q 1 I
SECONDS = 180

_image = ImageCaptcha(width=160, height=60)


def new_text() -> str:
    """Return four random letters; ``random`` would let others calculate the next ones."""
    return "".join(secrets.choice(LETTERS) for _ in range(4))


def draw(text: str) -> bytes:
    """Return a PNG image of the text."""
    return _image.generate(text).getvalue()
