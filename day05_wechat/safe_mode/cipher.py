"""The cipher of the encrypted mode: AES with a key of 256 bits, in CBC mode.

The recipe is WeChat's: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html
"""

import secrets
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives import ciphers
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

BLOCK = 32  # bytes; AES has blocks of 16, but WeChat pads to 32


class CipherError(ValueError):
    """Say that a text cannot be decrypted, but not why: an attacker would learn from it."""


class Cipher:
    """Encrypt and decrypt for one account; the key is the EncodingAESKey of WeChat's console."""

    def __init__(self, aes_key: str, appid: str) -> None:
        key = b64decode(aes_key + "=")
        self.appid = appid.encode()
        self._aes = ciphers.Cipher(AES(key), CBC(key[:16]))

    def pack(self, text: str) -> list[bytes]:
        """Return the pieces to encrypt: random bytes, length, text, appid, padding."""
        message = text.encode()
        pieces = [secrets.token_bytes(16), len(message).to_bytes(4, "big"), message, self.appid]
        missing = BLOCK - sum(map(len, pieces)) % BLOCK
        return [*pieces, bytes([missing]) * missing]

    def encrypt_pieces(self, pieces: list[bytes]) -> str:
        """Encrypt the pieces, and return the result as Base64."""
        encryptor = self._aes.encryptor()
        return b64encode(encryptor.update(b"".join(pieces)) + encryptor.finalize()).decode()

    def encrypt(self, text: str) -> str:
        """Return the encrypted text; it looks different each time."""
        return self.encrypt_pieces(self.pack(text))

    def decrypt(self, encrypted: str) -> str:
        """Return the text, or raise ``CipherError`` unless it was encrypted for this account."""
        try:
            decryptor = self._aes.decryptor()
            padded = decryptor.update(b64decode(encrypted)) + decryptor.finalize()
            unpadder = PKCS7(BLOCK * 8).unpadder()
            plain = unpadder.update(padded) + unpadder.finalize()
            end = 20 + int.from_bytes(plain[16:20], "big")
            if plain[end:] != self.appid:
                raise ValueError("it is for another account")
            return plain[20:end].decode()
        except ValueError:  # wrong Base64 and wrong UTF-8 are ValueErrors, too
            raise CipherError("This cannot be decrypted.") from None
