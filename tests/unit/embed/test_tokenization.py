"""Texts to rows, with and without the cache."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tokenizers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers

from bentos.common.backends.interface import TokenRow
from bentos.common.cache.key import RowHasher
from bentos.common.engine.token_ids import decoded
from bentos.common.engine.tokenization_pool import TokenizationPool
from bentos.common.engine.tokenizer import Side, Tokenizer, Truncation
from bentos.common.errors import InvalidInput
from bentos.common.models.store import find
from bentos.common.work_options import Lane, WorkOptions
from bentos.embed.request import EmbedRequest
from bentos.embed.text_rows import TextRow, TokenizationSpec
from bentos.embed.tokenization import CachingTokenizer, TokenizationCache
from tests.unit.common.cache.parts import IDENTITY

pytestmark = pytest.mark.anyio

TEXTS = ["a heron", "", "two herons wait " * 9, "x" * 3000, "日本語"]
PROMPT = "query: "
SPEC = TokenizationSpec(PROMPT, 20, Side.END)
HASHER = RowHasher(IDENTITY)


@pytest.fixture(scope="module")
def tokenizer(model_store: Path) -> Tokenizer:
    return Tokenizer.load(find("sentence-transformers/all-MiniLM-L6-v2", home=model_store).path, 256)


@pytest.fixture(scope="module")
def pool() -> Iterator[TokenizationPool]:
    pool = TokenizationPool(1)
    yield pool
    pool.close()


def caching(tokenizer: Tokenizer, pool: TokenizationPool, most_bytes: int = 0) -> CachingTokenizer:
    model: Any = SimpleNamespace(
        tokenizer=tokenizer,
        profile=SimpleNamespace(include_prompt=True),
        engine=SimpleNamespace(tokenization=pool, check_size=lambda tokens, deadline: None),  # noqa: ARG005
        cached_engine=SimpleNamespace(hasher=HASHER),
    )
    return CachingTokenizer(model, most_bytes)


async def test_a_text_without_tokens_is_refused_where_a_tokenizer_adds_none(pool: TokenizationPool) -> None:
    bare = tokenizers.Tokenizer(models.WordLevel({"heron": 0, "a": 1, "b": 2}, unk_token="a"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    request = EmbedRequest(["heron", "heron", ""], allow_empty=True)
    for most_bytes in (0, 2**20):
        with pytest.raises(InvalidInput, match="no tokens") as refused:
            await caching(Tokenizer(bare, 16), pool, most_bytes).rows(request, "", Lane.INTERACTIVE, WorkOptions())
        assert refused.value.loc == ("texts", 2)


def row(length: int) -> TextRow:
    tokens = TokenRow(np.zeros(length, np.int32), np.zeros(length, np.int32))
    return TextRow(HASHER.keyed(tokens), truncated=False)


def known(cache: TokenizationCache, text: str, spec: TokenizationSpec = SPEC) -> bool:
    return cache.get_many([text], spec) != [None]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ),
    forms=st.lists(
        st.tuples(st.sampled_from([PROMPT, ""]), st.sampled_from(["end", "start"]), st.sampled_from([20, 24])),
        min_size=4,
    ),
)
async def test_rows_are_the_same_with_a_memo(
    tokenizer: Tokenizer, pool: TokenizationPool, requests: list[list[str]], forms: list[tuple[str, Truncation, int]]
) -> None:
    remembering = caching(tokenizer, pool, 20_000)
    for texts, (prompt, truncate, max_tokens) in zip(requests, forms, strict=False):
        contents = tokenizer.contents(texts, max_tokens - 2, side=Side(truncate), prefix=prompt)
        request = EmbedRequest(texts, truncate=truncate, max_tokens=max_tokens, allow_empty=True)
        for use_cache in (True, True, False):
            got = await remembering.rows(request, prompt, Lane.BULK, WorkOptions(use_cache=use_cache))
            expected = [tokenizer.row(content.ids) for content in contents]
            assert [one.keyed.row.ids.tolist() for one in got] == [one.ids.tolist() for one in expected]
            assert [one.keyed.key for one in got] == [HASHER(one) for one in expected]
            assert [one.truncated for one in got] == [content.truncated for content in contents]


async def test_a_text_that_is_remembered_is_not_tokenized_again(
    tokenizer: Tokenizer, pool: TokenizationPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembering = caching(tokenizer, pool, 20_000)
    request = EmbedRequest(["a heron", "a stork"])
    first = await remembering.rows(request, PROMPT, Lane.BULK, WorkOptions())
    monkeypatch.setattr(Tokenizer, "contents", None)
    assert await remembering.rows(request, PROMPT, Lane.BULK, WorkOptions()) == first


@pytest.mark.parametrize("text", ["", " \n"])
async def test_a_blank_text_is_refused_although_it_is_remembered(
    tokenizer: Tokenizer, pool: TokenizationPool, text: str
) -> None:
    remembering = caching(tokenizer, pool, 20_000)
    for request in (EmbedRequest(["heron", text], allow_empty=True), EmbedRequest(["heron", [1996]])):
        await remembering.rows(request, PROMPT, Lane.BULK, WorkOptions())
    with pytest.raises(InvalidInput) as blank:
        await remembering.rows(EmbedRequest(["heron", text], allow_blank=False), PROMPT, Lane.BULK, WorkOptions())
    assert blank.value.loc == ("texts", 1)


async def test_token_ids_stand_for_their_text_and_a_wrong_one_is_named(
    tokenizer: Tokenizer, pool: TokenizationPool
) -> None:
    remembering = caching(tokenizer, pool)
    ids = [token for token, _ in tokenizer.tokens("a heron")]
    text, same = await remembering.rows(EmbedRequest(["a heron", ids]), PROMPT, Lane.BULK, WorkOptions())
    assert text.keyed.key == same.keyed.key
    with pytest.raises(InvalidInput) as wrong:
        await remembering.rows(EmbedRequest(["a heron", [*ids, -1]]), PROMPT, Lane.BULK, WorkOptions())
    assert wrong.value.loc == ("texts", 1, len(ids))


def test_a_memo_forgets_what_was_not_asked_for_the_longest() -> None:
    cache = TokenizationCache(2100)
    for text in ("one", "two", "three"):
        cache.keep(text, SPEC, row(3))
        assert known(cache, "one")
    cache.keep("four", SPEC, row(3))
    assert not known(cache, "two")
    assert known(cache, "one")
    assert not known(cache, "one", SPEC._replace(prompt=""))


@pytest.mark.parametrize(("most_bytes", "text"), [(0, "small"), (1000, "long " * 300), (10**6, "long " * 1000)])
def test_a_memo_leaves_out_what_is_too_large(most_bytes: int, text: str) -> None:
    cache = TokenizationCache(most_bytes)
    cache.keep(text, SPEC, row(3))
    assert not known(cache, text)


@pytest.mark.parametrize("side", Side)
def test_of_many_token_ids_only_those_are_decoded_that_may_be_kept(tokenizer: Tokenizer, side: Side) -> None:
    first, last = (tokenizer.tokens(text)[0][0] for text in ("heron", "stork"))
    ids = [first] * 200_000 + [last] * 200_000
    text = decoded(ids, tokenizer, ("input",), keep=20, side=side)
    assert len(text) < 16 * 20 * 10
    [content] = tokenizer.contents([text], 20, side=side)
    assert content.truncated
    assert set(content.ids.tolist()) == {last if side is Side.START else first}
    with pytest.raises(InvalidInput) as wrong:
        decoded([*ids, -1], tokenizer, ("input",), keep=20, side=side)
    assert wrong.value.param == "input.400000"
