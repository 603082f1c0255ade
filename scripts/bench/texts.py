"""Texts to send: of mixed lengths, from a file or made of words, never one that a server has seen before."""

import itertools
import random
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.command import UsageError

WORDS = """
contact engineer founder product meeting Berlin invoice support network designer marketing data sales remote
research hospital teacher lawyer finance startup mobile cloud security energy logistics robotics music travel
""".split()  # noqa: SIM905 - a list literal of these would be one word per line
_SPREAD = 0.8
_MIN_WORDS, _MAX_WORDS = 3, 150  # words; that many fit a window of 256 tokens, beyond which some servers refuse
_LENGTHS = re.compile(r"^(?:(?P<name>fixed|lognormal):(?P<words>\d+)|uniform:(?P<low>\d+):(?P<high>\d+))$")


class Texts:
    """An endless source; the same seed gives the same lengths, but every text begins with a mark of its own.

    Args:
        lengths: number of words: `lognormal:MEDIAN`, `fixed:N` or `uniform:LOW:HIGH`.
        lines: texts to repeat instead.
        seed: seed of lengths, words and order.

    Raises:
        UsageError: with one sentence, if `lengths` is malformed or there are no lines.
    """

    def __init__(self, lengths: str, lines: Sequence[str] | None = None, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._texts = _made_up(_lengths(lengths, self._random), self._random) if lines is None else _round(lines)
        self._run = secrets.token_hex(3)
        self._numbers = itertools.count()

    def next(self) -> str:
        """A text that no cache can know."""
        return f"{self._run}-{next(self._numbers)} {next(self._texts)}"

    def take(self, count: int) -> list[str]:
        """Several of them."""
        return [self.next() for _ in range(count)]


def read_lines(file: Path) -> list[str]:
    """The texts of a file, one a line, without blank ones.

    Raises:
        UsageError: with one sentence, if it cannot be read.
    """
    try:
        return [line.strip() for line in file.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The texts in {file} cannot be read: {error}") from None


def _round(lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        raise UsageError("The file of texts is empty.")
    return itertools.cycle(lines)


def _made_up(lengths: Iterator[int], source: random.Random) -> Iterator[str]:
    return (" ".join(source.choices(WORDS, k=length)) for length in lengths)


def _lengths(text: str, source: random.Random) -> Iterator[int]:
    found = _LENGTHS.match(text)
    if not found:
        raise UsageError(f"Lengths are lognormal:MEDIAN, fixed:N or uniform:LOW:HIGH words, not {text}.")
    words, low, high = (int(found[name] or 0) for name in ("words", "low", "high"))
    if (found["name"] and words < 1) or (not found["name"] and not 1 <= low <= high):
        raise UsageError(f"Lengths must be at least one word, and rising: {text} is not.")
    if found["name"] == "fixed":
        return itertools.repeat(words)
    if found["name"] == "lognormal":
        return (
            min(_MAX_WORDS, max(_MIN_WORDS, round(words * source.lognormvariate(0, _SPREAD))))
            for _ in itertools.count()
        )
    return (source.randint(low, high) for _ in itertools.count())
