"""What the account says, one function for each type of message. Add your own below."""

from day05_wechat.handler.dispatcher import Dispatcher, Message, Reply

on = Dispatcher()


@on()
def welcome(message: Message) -> Reply:
    """Answer the types that have no function of their own."""
    return f"Welcome! I cannot read this yet: {message['MsgType']}."


@on("text")
def echo(message: Message) -> Reply:
    """Say the same. A text of nothing but blanks arrives as None, which is silence here."""
    return message.get("Content")


@on("event")
def ignore(message: Message) -> Reply:
    """Say nothing to events that have no function of their own, ``unsubscribe`` among them."""
    return None


@on("event", "subscribe")
def greet(message: Message) -> Reply:
    """Greet a new follower; the key says which of your QR codes it was, if any."""
    scene = str(message.get("EventKey") or "").removeprefix("qrscene_")
    return f"Thank you for following, you of QR code {scene}!" if scene else "Hello, new friend!"


@on("event", "SCAN")
def recognise(message: Message) -> Reply:
    """Answer a follower who scans a QR code; the key has no prefix here."""
    return f"Welcome back! You scanned QR code {message.get('EventKey')}."


@on("event", "CLICK")
def choose(message: Message) -> Reply:
    """Answer a button of the account's menu."""
    return f"You chose {message.get('EventKey')}."
