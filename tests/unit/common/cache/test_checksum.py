"""A value is accepted for the key that it was made for, from whoever has the secret, and in no other case."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.cache.checksum import Checksum, Damaged
from bentos.common.cache.key import Identity
from tests.unit.common.cache.parts import IDENTITY

KEY = b"k" * 20
SECRET = replace(IDENTITY, secret="secret")
PLAIN, KEYED = Checksum(IDENTITY), Checksum(SECRET)
checksums = st.sampled_from([PLAIN, KEYED])


def accepted(checksum: Checksum, value: bytes, payload_bytes: int = 8, key: bytes = KEY) -> bool:
    try:
        checksum.verify_checksum(key, value, payload_bytes)
    except Damaged:
        return False
    return True


@given(
    checksum=checksums, payload=st.binary(min_size=4, max_size=40), position=st.integers(0), change=st.integers(1, 255)
)
def test_a_value_gives_its_payload_and_one_with_any_byte_changed_does_not(
    checksum: Checksum, payload: bytes, position: int, change: int
) -> None:
    value = checksum.add_checksum(KEY, payload)
    assert len(value) == len(payload) + checksum.size
    assert checksum.verify_checksum(KEY, value, len(payload)) == payload
    damaged = bytearray(value)
    damaged[position % len(value)] ^= change
    assert not accepted(checksum, bytes(damaged), len(payload))


@given(checksum=checksums, value=st.binary(max_size=40))
def test_a_foreign_value_is_damaged(checksum: Checksum, value: bytes) -> None:
    assert not accepted(checksum, value)


@given(checksum=checksums, length=st.integers(0, 40))
def test_a_value_that_was_cut_or_is_longer_is_damaged(checksum: Checksum, length: int) -> None:
    value = (checksum.add_checksum(KEY, b"12345678") + bytes(40))[:length]
    assert accepted(checksum, value) == (length == 8 + checksum.size)


@pytest.mark.parametrize("checksum", [PLAIN, KEYED])
def test_a_value_of_another_key_is_damaged(checksum: Checksum) -> None:
    assert not accepted(checksum, checksum.add_checksum(b"o" * 20, b"12345678"))


@pytest.mark.parametrize(
    "other",
    [
        IDENTITY,
        replace(IDENTITY, secret="Secret"),
        replace(SECRET, precision="int8"),
        replace(SECRET, service="rerank-service"),
        replace(SECRET, model_id="stork/encoder"),
    ],
)
def test_with_a_secret_only_the_same_secret_for_the_same_model_and_form_makes_a_value(other: Identity) -> None:
    assert not accepted(KEYED, Checksum(other).add_checksum(KEY, b"12345678"))


def test_with_a_secret_values_are_twelve_bytes_longer() -> None:
    assert (PLAIN.size, KEYED.size) == (4, 16)
