"""Limit the use of a signed request that someone has recorded."""

import time
from collections import OrderedDict
from hashlib import sha256
from threading import Lock


def is_fresh(timestamp: str, seconds: int) -> bool:
    """Tell whether the timestamp is near to now; clocks differ, so it may be in the future."""
    try:
        return abs(time.time() - int(timestamp)) <= seconds
    except (ValueError, OverflowError):  # not a number, or one with hundreds of digits
        return False


class Bodies:
    """Remember the bodies that came with the last ``size`` signatures."""

    def __init__(self, size: int = 10_000) -> None:
        self.size = size
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def fits(self, signature: str, body: bytes) -> bool:
        """Tell whether the signature is new, or came with the same body, as in a retry."""
        digest = sha256(body).digest()
        with self._lock:
            known = self._digests.setdefault(signature, digest)
            if len(self._digests) > self.size:
                self._digests.popitem(last=False)
        return known == digest
