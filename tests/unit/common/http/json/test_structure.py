"""What is counted in a JSON text's bytes is what a reader of every character would count."""

import json
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bentos.common.http.json import structure as json_structure
from bentos.common.http.json.structure import Counts, Limits, StructureScan, exceeded

BYTES = st.lists(st.sampled_from(list(b'"\\\\\\{}[]:,a \xc3')), max_size=60).map(bytes)
CHUNK = st.integers(1, 7)
VALUES = st.recursive(
    st.none() | st.integers() | st.text('"\\,:{}[]é', max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('"\\,:[a', max_size=3), inner, max_size=4),
    max_leaves=20,
)


def scanned(raw: bytes, chunk: int) -> Counts:
    scan = StructureScan()
    for start in range(0, len(raw), chunk):
        scan.feed(np.frombuffer(raw[start : start + chunk], np.uint8))
    return scan.counts


def read_slowly(raw: bytes) -> Counts:
    """Byte by byte; also outside of strings, where no parser gets past it, a backslash escapes a quote or another."""
    counts = Counts()
    in_string = escaped = False
    for byte in raw.decode("latin-1"):
        if escaped and byte in '"\\':
            escaped = False
            continue
        escaped = byte == "\\"
        in_string ^= byte == '"'
        if not in_string:
            counts.opening += byte in "{["
            counts.colons += byte == ":"
            counts.commas += byte == ","
    return counts


def size(value: object) -> tuple[int, int, int]:
    """Containers, keys and values, the value itself among them."""
    if not isinstance(value, dict | list):
        return 0, 0, 1
    inner = [size(item) for item in (value.values() if isinstance(value, dict) else value)]
    containers, keys, values = (sum(column) for column in zip(*inner, strict=True)) if inner else (0, 0, 0)
    return containers + 1, keys + len(value) * isinstance(value, dict), values + 1


@given(BYTES, CHUNK)
@example(rb'["\\\",[",[', 4)
def test_a_scan_counts_outside_of_strings_wherever_chunks_begin(raw: bytes, chunk: int) -> None:
    assert scanned(raw, chunk) == read_slowly(raw)


@given(VALUES, CHUNK)
def test_of_json_a_scan_counts_all_keys_containers_and_values(value: object, chunk: int) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    found = scanned(raw, chunk)
    containers, keys, values = size(value)
    assert found == read_slowly(raw)
    assert (found.opening, found.colons) == (containers, keys)
    assert values <= 1 + found.opening + found.commas


@given(VALUES)
def test_a_text_at_its_limits_is_let_through_and_one_below_is_not(value: object) -> None:
    raw = json.dumps(value).encode()
    found = read_slowly(raw)
    limits = Limits(found.opening, found.colons, 1 + found.opening + found.commas)
    with patch.object(json_structure, "_CHUNK_BYTES", 3):
        assert exceeded(raw, limits) is None
        for low in (
            Limits(limits.containers - 1, limits.keys, limits.values),
            Limits(limits.containers, limits.keys - 1, limits.values),
            Limits(limits.containers, limits.keys, limits.values - 1),
        ):
            assert exceeded(raw, low)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b'{"texts": [' + b"1," * 9 + b"1]}", "10 values"),
        (b"[" + b"{}," * 9 + b"{}]", "5 objects and lists"),
        (b"{" + b",".join(b'"%d": 1' % number for number in range(4)) + b"}", "3 keys"),
    ],
)
def test_the_limit_that_is_exceeded_is_named(raw: bytes, named: str) -> None:
    assert exceeded(raw, Limits(containers=5, keys=3, values=10)) == named


def test_what_stands_in_strings_counts_for_nothing() -> None:
    raw = json.dumps(["{[,:" * 1000, '\\"{[,:\\' * 1000]).encode()
    assert exceeded(raw, Limits(containers=1, keys=0, values=3)) is None
