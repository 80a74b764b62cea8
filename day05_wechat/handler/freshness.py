"""Limit what somebody can do who has recorded a signed request."""

import time
from collections import OrderedDict
from hashlib import sha256
from threading import Lock


def is_fresh(timestamp: str, seconds: int) -> bool:
    """Tell whether the timestamp is so near to now, in the past or, as clocks differ, ahead."""
    try:
        return abs(time.time() - int(timestamp)) <= seconds
    except (ValueError, OverflowError):  # no number, or one with hundreds of digits
        return False


class Bodies:
    """The bodies that came with the last ``size`` signatures."""

    def __init__(self, size: int = 10_000) -> None:
        self.size = size
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def fits(self, signature: str, body: bytes) -> bool:
        """Tell whether the signature is new or came with this very body, as a retry does."""
        digest = sha256(body).digest()
        with self._lock:
            known = self._digests.setdefault(signature, digest)
            if len(self._digests) > self.size:
                self._digests.popitem(last=False)
        return known == digest
