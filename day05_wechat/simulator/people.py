"""The people who use this WeChat. None of them exists."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A person with a phone; ``openid`` is their id for this account."""

    openid: str
    nickname: str
    avatar: str = ""

    @property
    def profile(self) -> dict[str, object]:
        """Return what ``/sns/userinfo`` sends; sex and region are empty since 2021."""
        return {
            "openid": self.openid,
            "nickname": self.nickname,
            "sex": 0,
            "province": "",
            "city": "",
            "country": "",
            "headimgurl": self.avatar,
            "privilege": [],
        }


# No one can own a name that ends in .example (RFC 2606), so the pictures never load.
PEOPLE = [
    Person("oSimulator-Rain-000000000001", "林小雨", "https://avatars.example/rain.png"),
    Person("oSimulator-Sam-0000000000002", "Sam"),
    Person(
        "oSimulator-Markup-0000000003",
        "<b>阿明</b> & \"<script>alert('嗨')</script>\" ]]>",
        "https://avatars.example/ming.png?size=132&round=1",
    ),
]

SNAPSHOT = Person("oSimulator-Snapshot-00000000", "微信用户")
