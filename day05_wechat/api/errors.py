"""What can go wrong when a program calls WeChat; ``flask`` commands print it without a traceback.

The numbers: https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html
"""

from click import ClickException


class WeChatError(ClickException):
    """WeChat could not be asked, or refused."""


class NoResponseError(WeChatError):
    """No response came, or one that is not WeChat's."""


class StoreError(WeChatError):
    """The place where the token is kept cannot be used."""


class ApiError(WeChatError):
    """WeChat refused, with its number; ``advice`` says what to do."""

    advice = ""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"WeChat refused: {errcode} {errmsg}. {self.advice}".strip())
        self.errcode = errcode


class BusyError(ApiError):
    """WeChat is busy for a moment."""

    advice = "Try again in a minute."


class TokenError(ApiError):
    """The access token does not work, or no longer."""

    advice = "Another program may use this account, too."


class AddressError(ApiError):
    """Programs on this machine get no token."""

    advice = "Put this IP address on the list in WeChat's console."


class QuotaError(ApiError):
    """There were too many calls today."""

    advice = "Wait until tomorrow, and call less often."


class SilentError(ApiError):
    """The follower has done nothing in the last 48 hours, or has left."""

    advice = "The follower must write first, or press a button of the menu."


KINDS: dict[int, type[ApiError]] = {
    -1: BusyError,
    40001: TokenError,
    40014: TokenError,
    42001: TokenError,
    40164: AddressError,
    45009: QuotaError,
    45015: SilentError,
}


def api_error(errcode: int, errmsg: str) -> ApiError:
    """Return the exception for a number of WeChat's."""
    return KINDS.get(errcode, ApiError)(errcode, errmsg)
