"""The replies of the account: one function for each type of message. Add your own below."""

from day05_wechat.handler.dispatcher import Dispatcher, Message, Reply

on = Dispatcher()


@on()
def welcome(message: Message) -> Reply:
    """Reply to the types that have no function of their own."""
    return f"Welcome! I cannot read this yet: {message['MsgType']}."


@on("text")
def echo(message: Message) -> Reply:
    """Repeat the text. A blank text arrives as None; to return None is silence."""
    return message.get("Content")


@on("event")
def ignore(message: Message) -> Reply:
    """Stay silent for events without a function of their own, such as ``unsubscribe``."""
    return None


@on("event", "subscribe")
def greet(message: Message) -> Reply:
    """Greet a new follower; the key names the QR code, if there was one."""
    scene = str(message.get("EventKey") or "").removeprefix("qrscene_")
    return f"Thank you for following, you of QR code {scene}!" if scene else "Hello, new friend!"


@on("event", "SCAN")
def recognise(message: Message) -> Reply:
    """Greet a follower who scans a QR code; here the key has no prefix."""
    return f"Welcome back! You scanned QR code {message.get('EventKey')}."


@on("event", "CLICK")
def choose(message: Message) -> Reply:
    """Reply to a button of the account's menu."""
    return f"You chose {message.get('EventKey')}."
