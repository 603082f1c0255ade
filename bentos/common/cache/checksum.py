"""Checksums of payloads, for stores that others can write to."""

import hashlib
import hmac
import zlib

from bentos.common.cache.interface import Key, Payload
from bentos.common.cache.key import Identity

_CRC_BYTES = 4
_DIGEST_BYTES = 16
_PURPOSE = b"duobento value"


class Damaged(ValueError):
    """A stored value is not what was stored under its key."""


class Checksum:
    """What stands behind a payload, so that another one is noticed.

    Without a secret it is a CRC-32 of key and payload, 4 bytes: it finds damage, but anyone can compute it. With one
    it is a BLAKE2b digest of 16 bytes, keyed with the secret and with all that the names in the store begin with.

    Attributes:
        size: bytes that it adds to a payload.
    """

    def __init__(self, identity: Identity) -> None:
        self._hash = None
        self.size = _CRC_BYTES
        if identity.secret:
            secret = hashlib.blake2b(identity.secret.encode()).digest()
            key = hashlib.blake2b(identity.prefix.encode(), key=secret, person=_PURPOSE).digest()
            self._hash = hashlib.blake2b(key=key, digest_size=_DIGEST_BYTES)
            self.size = _DIGEST_BYTES

    def add_checksum(self, key: Key, payload: Payload) -> bytes:
        """The payload, and the checksum of it and its key."""
        return payload + self._checksum(key, payload)

    def verify_checksum(self, key: Key, value: bytes, payload_bytes: int) -> Payload:
        """The payload of a value that `add_checksum` made for this key.

        Raises:
            Damaged: another length, another key's value, or other bytes.
        """
        payload = value[:payload_bytes]
        if not hmac.compare_digest(value[payload_bytes:], self._checksum(key, payload)):
            raise Damaged
        return payload

    def _checksum(self, key: Key, payload: Payload) -> bytes:
        if self._hash is None:
            return zlib.crc32(payload, zlib.crc32(key)).to_bytes(_CRC_BYTES, "little")
        state = self._hash.copy()
        # Keys have one length, so no other key and payload have the same bytes.
        state.update(key)
        state.update(payload)
        return state.digest()
