"""What a user can send and do, with the fields in WeChat's order; nothing in it is real."""

PICTURE = "https://pictures.example/cat.jpg?size=640&format=jpg"

# Each type of message: the text of its button, and its own fields.
MESSAGES = {
    "text": ("Text", {"Content": ""}),
    "image": ("Picture", {"PicUrl": PICTURE, "MediaId": "media-of-a-picture"}),
    "voice": (
        "Voice",
        {"MediaId": "media-of-a-voice", "Format": "amr", "MediaId16K": "the-same-in-16K"},
    ),
    "video": ("Video", {"MediaId": "media-of-a-video", "ThumbMediaId": "its-thumbnail"}),
    "shortvideo": ("Short video", {"MediaId": "media-of-a-clip", "ThumbMediaId": "its-thumbnail"}),
    "location": (
        "Location",
        {"Location_X": 39.908, "Location_Y": 116.397, "Scale": 15, "Label": "广场 & 公园"},
    ),
    "link": (
        "Link",
        {
            "Title": "A page <worth> reading",
            "Description": "What is on it",
            "Url": "https://www.example/read?page=1&lang=zh",
        },
    ),
}

# Each event, by the name of its button; "Event" is what tells them apart on the wire.
EVENTS = {
    "subscribe": ("Follow", {"Event": "subscribe", "EventKey": ""}),
    "qrcode": (
        "Follow by QR code",
        {"Event": "subscribe", "EventKey": "qrscene_12", "Ticket": "ticket-of-the-code"},
    ),
    "unsubscribe": ("Unfollow", {"Event": "unsubscribe", "EventKey": ""}),
    "scan": ("Scan again", {"Event": "SCAN", "EventKey": "12", "Ticket": "ticket-of-the-code"}),
    "report": (
        "Report place",
        {
            "Event": "LOCATION",
            "Latitude": 39.908,
            "Longitude": 116.397,
            "Precision": 65.0,
        },
    ),
    "click": ("Menu: news", {"Event": "CLICK", "EventKey": "NEWS_OF_TODAY"}),
    "view": (
        "Menu: open page",
        {"Event": "VIEW", "EventKey": "https://www.example/shop?from=menu", "MenuId": 123456789},
    ),
}

# Texts that many handlers get wrong; the last one is signed with another token.
TRICKS = {
    "emoji": ("Emoji", "😀👍🏽👨‍👩‍👧 你好"),
    "cdata": ("]]> and <tags>", "a]]>b <Content>&amp;</Content> ]]></xml>"),
    "forged": ("Forged signature", "Believe me, I am WeChat."),
}
