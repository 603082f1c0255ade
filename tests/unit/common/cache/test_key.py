"""Keys and names: what shares an entry, and what never does."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.backends.interface import TokenRow
from bentos.common.cache.factory import identity_of
from bentos.common.cache.key import RowHasher
from bentos.common.settings import CacheSettings
from tests.unit.common.cache.parts import IDENTITY
from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.profiles import profile

tokens = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 1)), min_size=1, max_size=20)


def row_of(pairs: list[tuple[int, int]]) -> TokenRow:
    ids, types = zip(*pairs, strict=True)
    return TokenRow(np.array(ids, np.int32), np.array(types, np.int32))


@given(one=tokens, other=tokens)
def test_keys_are_equal_for_equal_rows_only(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    keys = RowHasher(IDENTITY)
    assert (keys(row_of(one)) == keys(row_of(other))) == (one == other)


def test_rows_of_which_other_tokens_are_pooled_have_other_keys() -> None:
    keys = RowHasher(IDENTITY)
    assert len({keys(row(5)._replace(prompt=prompt)) for prompt in (0, 1, 2, 256)}) == 4


def test_a_key_has_160_bits() -> None:
    assert len(RowHasher(IDENTITY)(row(5))) == 20


def test_another_profile_or_secret_makes_other_keys() -> None:
    identities = [
        IDENTITY,
        replace(IDENTITY, profile='{"sha256": "1"}'),
        replace(IDENTITY, secret="secret"),
        replace(IDENTITY, secret="secret" * 30),
    ]
    assert len({RowHasher(identity)(row(5)) for identity in identities}) == len(identities)
    assert RowHasher(identities[2])(row(5)) == RowHasher(replace(identities[2]))(row(5))


def test_names_tell_service_model_revision_backend_precision_width_and_numbers() -> None:
    assert IDENTITY.prefix == "duobento:1:embed-service:heron/encoder:111111111111:fake-fp32:2:float32:"


def test_the_precision_and_the_backend_are_those_that_the_model_is_loaded_in() -> None:
    fp32, bf16, other = FakeBackend(), FakeBackend(), FakeBackend()
    bf16.precision, other.name = "bf16", "other"
    settings = CacheSettings()
    names = {identity_of("embed-service", profile(), backend, settings).prefix for backend in (fp32, bf16, other)}
    assert len(names) == 3


def test_names_of_authenticated_values_have_a_version_of_their_own() -> None:
    assert replace(IDENTITY, secret="secret").prefix == IDENTITY.prefix.replace(":1:", ":2:", 1)
