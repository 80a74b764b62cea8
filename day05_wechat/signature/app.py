"""Sign a request as WeChat does, check a signature, and see each step.

Anyone can send a request to your URL. A signature shows that a request comes from WeChat: only a
program that knows the shared token can compute it.

Run it: flask --app day05_wechat.signature.app run --debug
"""

import hashlib
import hmac

from flask import Flask, render_template, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 10_000  # bytes
app.json.sort_keys = False
app.json.ensure_ascii = False

# The page begins with this, the second example of WeChat's "Message push" page.
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
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - WeChat accepts only SHA-1


def is_signed(signature: object, token: object, *parts: object) -> bool:
    """Tell whether this is the signature of the parts; no value makes this function raise.

    If the token or a part is missing, a signature proves nothing, and the result is False.
    """
    if not parts or not all(isinstance(text, str) and text for text in (signature, token, *parts)):
        return False
    try:
        # Bytes, since compare_digest raises for a text with letters outside of ASCII.
        return hmac.compare_digest(sign(token, *parts).encode(), signature.encode())
    except UnicodeEncodeError:  # half a character, which UTF-8 cannot write
        return False


def read_form() -> dict[str, str]:
    """Return the four texts of the form, without the blanks that come from copying."""
    return {name: request.form.get(name, "").strip() for name in EXAMPLE}


def steps(token: str, timestamp: str, nonce: str, signature: str) -> dict[str, object]:
    """Return the result of each step, and whether the signature is accepted."""
    texts = sorted([token, timestamp, nonce])
    return {
        "sorted": texts,
        "joined": "".join(texts),
        "signature": sign(token, timestamp, nonce),
        "accepted": is_signed(signature, token, timestamp, nonce),
    }


@app.route("/", methods=["GET", "POST"])
def index():
    """Show the steps on a page; the form uses POST, so that no token is in a URL."""
    texts = read_form() if request.method == "POST" else EXAMPLE
    return render_template("index.html", texts=texts, steps=steps(**texts))


@app.post("/steps")
def steps_as_json():
    """Return the steps as JSON."""
    return steps(**read_form())
