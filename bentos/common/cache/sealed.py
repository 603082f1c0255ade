"""Payloads with a checksum, for stores that others can write to."""

import zlib

from bentos.common.cache.interface import Key, Payload

_CHECKSUM_BYTES = 4


class Damaged(ValueError):
    """A stored value is not what was stored under its key."""


def seal(key: Key, payload: Payload) -> bytes:
    """The payload and a checksum of it and its key."""
    return payload + _checksum(key, payload)


def unseal(key: Key, value: bytes, payload_bytes: int) -> Payload:
    """The payload that was sealed under this key.

    Raises:
        Damaged: another length, another key's value, or other bytes.
    """
    payload = value[:-_CHECKSUM_BYTES]
    if len(payload) != payload_bytes or value[-_CHECKSUM_BYTES:] != _checksum(key, payload):
        raise Damaged
    return payload


def _checksum(key: Key, payload: Payload) -> bytes:
    return zlib.crc32(payload, zlib.crc32(key)).to_bytes(_CHECKSUM_BYTES, "little")
