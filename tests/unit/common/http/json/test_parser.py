"""JSON is parsed as it stands or refused with the path of its error; large texts wait for each other."""

import asyncio
import gc
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.errors import DomainError, MalformedBody, TooManyItems
from bentos.common.http.body import INLINE_BYTES, LIMITS, parse_json

pytestmark = pytest.mark.anyio

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
PADDING = b" " * INLINE_BYTES


def parsed(raw: bytes) -> object:
    return asyncio.run(parse_json(raw))


def refused(raw: bytes) -> DomainError:
    with pytest.raises(DomainError) as caught:
        parsed(raw)
    return caught.value


@settings(max_examples=50)
@given(VALUES, st.booleans(), st.sampled_from([b"", PADDING]))
def test_any_value_comes_back(value: object, ascii_only: bool, padding: bytes) -> None:
    assert parsed(json.dumps(value, ensure_ascii=ascii_only).encode() + padding) == value


@settings(max_examples=50)
@given(
    st.lists(st.text(max_size=8), max_size=6),
    st.text(max_size=8),
    st.sampled_from([r"\ud800", r"\udfff", r"\ud83e\n", r"\udc00\ud83e"]),
    st.text('"\\ud8Zé\U0001f9a9', max_size=6),
    st.booleans(),
)
def test_a_lone_surrogate_is_found_among_any_texts(
    texts: list[str], before: str, half: str, after: str, ascii_only: bool
) -> None:
    body = json.dumps({"texts": [*texts, f"{before}%%{after}", "heron"]}, ensure_ascii=ascii_only)
    error = refused(body.replace("%%", half, 1).encode())
    param = f"texts.{len(texts)}"
    assert isinstance(error, MalformedBody)
    assert error.param == param
    assert error.message.startswith(f"{param}: the text has a lone surrogate (\\u")


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"texts": ["heron"], "\ud800": 1}',
        b'{"texts": ["heron"], "\xff": 1}',
        rb'"\ud800"',
        b'{"texts": ["heron", NaN]}',
        b'{"texts": ["heron"',
        b'{"texts": ["heron',
        b'{"texts": ["heron", "texts": ["stork"]}',
        b'{"a": "heron", "b": 1, "a": "stork"}',
    ],
)
def test_an_error_outside_of_any_text_has_no_place(raw: bytes) -> None:
    error = refused(raw)
    assert isinstance(error, MalformedBody)
    assert error.param is None


@pytest.mark.parametrize(
    ("raw", "param"),
    [
        (rb'{"a": {"b": [[], {"c": "heron \ud800"}]}}', "a.b.1.c"),
        (b'{\n  "texts": [\n    "heron",\n    "h\xc3\xa9ron \xff"\n  ]\n}', "texts.1"),
        (b'["heron\x00"]', "0"),
        (b"\n" * 30_000_000 + b'{"text":\n "\\ud800"}', "text"),
        (b"\n" * 65_536 + rb'["\ud800"]', "0"),
        (b" " * 65_535 + b'\n["\\ud800"]', "0"),
        (b'{"' + b"k" * 1_000_000 + rb'": "\ud800"}', "k" * 63 + "…"),
    ],
)
def test_the_param_of_a_broken_text_is_its_path(raw: bytes, param: str) -> None:
    assert refused(raw).param == param


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf", PADDING + b" "])
def test_an_empty_body_is_called_so(raw: bytes) -> None:
    assert refused(raw).message == "The body is empty; send JSON."


def test_a_key_of_megabytes_is_not_repeated() -> None:
    key = b'"' + b"k" * 10_000_000 + b'": 1'
    assert len(refused(b"{" + key + b", " + key + b"}").message) < 300


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * (LIMITS.containers + 1),
        b"[" + b"{}," * LIMITS.containers,
        b"{" + b",".join(b'"%d":1' % number for number in range(LIMITS.keys + 1)) + b"}",
        b"[" + b"1," * LIMITS.values + b"1]",
        b"[" + b'"",' * LIMITS.values + b'""]',
    ],
    ids=["deep", "objects", "keys", "numbers", "strings"],
)
def test_more_than_a_parser_may_take_is_refused_before_it_begins(raw: bytes) -> None:
    assert isinstance(refused(raw), TooManyItems)


def test_text_may_be_full_of_what_looks_like_structure() -> None:
    text = '{"a": [1, 2, "\\\\"]},' * 200_000
    assert parsed(json.dumps([text]).encode()) == [text]


async def test_an_error_does_not_keep_the_body() -> None:
    raw = b'["' + b"x" * INLINE_BYTES + rb'\ud800"]'
    references = sys.getrefcount(raw)
    with pytest.raises(MalformedBody) as caught:
        await parse_json(raw)
    error = caught.value.with_traceback(None)
    del caught
    gc.collect()
    assert sys.getrefcount(raw) == references
    assert error.__context__ is None
