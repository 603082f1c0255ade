"""Texts of the lengths that web teams send, the same on every run."""

import math
import random
from pathlib import Path

from bentos.common.engine.tokenizer import Tokenizer
from scripts.bench.texts import WORDS


def mixed_lengths(count: int, *, median: int = 40, longest: int = 512, seed: int = 0) -> list[int]:
    """Lengths in tokens: lognormal around the median with sigma 0.8, between 5 and `longest`."""
    source = random.Random(seed)
    return [min(longest, max(5, round(source.lognormvariate(math.log(median), 0.8)))) for _ in range(count)]


def text_of(tokens: int, tokenizer: Tokenizer, *, seed: int) -> str:
    """An English-like text of exactly `tokens` tokens, special tokens included (fewer by rounding to words)."""
    source = random.Random(seed)
    words = source.choices(WORDS, k=tokens)
    content_limit = tokens - (tokenizer.window - tokenizer.content_limit)
    while len(words) > 1 and len(tokenizer.contents([" ".join(words)], 2 * tokens)[0].ids) > content_limit:
        words.pop()
    return " ".join(words)


def mixed_texts(count: int, folder: Path, window: int, *, median: int = 40, seed: int = 0) -> list[str]:
    """Texts of `mixed_lengths` for the tokenizer of an installed model."""
    tokenizer = Tokenizer.load(folder, window)
    return [
        text_of(length, tokenizer, seed=seed + number)
        for number, length in enumerate(mixed_lengths(count, median=median, longest=window, seed=seed))
    ]
