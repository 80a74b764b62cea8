"""Sign a request as WeChat does, verify a signature, and watch each step.

Anybody can send a request to your address. WeChat's are told from the rest by a signature, which
only somebody can compute who knows the token that you and WeChat share.

Run it: flask --app day05_wechat.signature.app run --debug
"""

import hashlib
import hmac

from flask import Flask, render_template, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10_000  # bytes
app.json.sort_keys = False
app.json.ensure_ascii = False

# The second example of WeChat's "Message push" page, to begin with.
EXAMPLE = {
    "token": "AAAAA",
    "timestamp": "1714037059",
    "nonce": "486452656",
    "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
}


def sign(token: str, *parts: str) -> str:
    """Return the SHA-1 of token and parts, sorted as texts and joined, as 40 hexadecimal digits.

    The recipe is WeChat's: https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html
    """
    joined = "".join(sorted([token, *parts]))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - WeChat wants no other


def is_signed(signature: object, token: object, *parts: object) -> bool:
    """Tell whether this is the signature of the parts; nothing that arrives makes it raise.

    Without a token or a part there is nothing that a signature could prove, so the answer is no.
    """
    if not parts or not all(isinstance(text, str) and text for text in (signature, token, *parts)):
        return False
    try:
        # Bytes, for compare_digest refuses text with other letters than ASCII.
        return hmac.compare_digest(sign(token, *parts).encode(), signature.encode())
    except UnicodeEncodeError:  # half of a character, which UTF-8 cannot write
        return False


def given() -> dict[str, str]:
    """Return the four texts of the form, without the blanks that come along when copying."""
    return {name: request.form.get(name, "").strip() for name in EXAMPLE}


def steps(token: str, timestamp: str, nonce: str, signature: str) -> dict[str, object]:
    """Return what each step of signing yields, and whether the signature is accepted."""
    texts = sorted([token, timestamp, nonce])
    return {
        "sorted": texts,
        "joined": "".join(texts),
        "signature": sign(token, timestamp, nonce),
        "accepted": is_signed(signature, token, timestamp, nonce),
    }


@app.route("/", methods=["GET", "POST"])
def index():
    """Show the steps on a page; POST, because a token has no place in an address."""
    texts = given() if request.method == "POST" else EXAMPLE
    return render_template("index.html", texts=texts, steps=steps(**texts))


@app.post("/steps")
def steps_as_json():
    """Send the same to a program."""
    return steps(**given())
