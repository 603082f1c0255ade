"""Relevant spans: sentences, or short windows, of a document, each scored by itself."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from bentos.common.backends.interface import TokenIds
from bentos.common.engine.pairs import PairFormat
from bentos.common.engine.tokenizer import Side
from bentos.common.errors import InferenceFailed
from bentos.common.lifecycle import LoadedModel
from bentos.common.work_options import WorkOptions
from bentos.rerank.request import TokenizedQuery, sigmoid

_LEAST_TOKENS = 24
"""A shorter sentence is joined with the next: the query is read again with each, and context makes a score better."""
_MOST_TOKENS = 64
_FIRST_CHARACTERS = 8
"""Of a text that is longer than the limit, this many for each token are tokenized first."""
_GROWTH = 4
# Latin punctuation ends a sentence before a space; that of Chinese and Japanese needs none. A run of it is tried from
# its beginning only, and once: else thousands of dots take seconds.
_SENTENCE_END = re.compile(
    "(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019\u00bb)\\]]*+(?=\\s)|[\u3002\uff01\uff1f]+[\u201d\u2019\u300d\u300f\uff09]*|\\n"
)


class Span(NamedTuple):
    """A stretch of a document.

    Attributes:
        start: its first character, in Unicode code points.
        end: the one behind its last.
        score: how relevant it is, between 0 and 1.
    """

    start: int
    end: int
    score: float


class Spans(NamedTuple):
    """Spans of several documents.

    Attributes:
        of_documents: all spans of each, best first.
        tokens: that the model saw, whether computed or cached.
    """

    of_documents: list[list[Span]]
    tokens: int


class _Piece(NamedTuple):
    start: int
    end: int
    ids: TokenIds


async def score_spans(
    model: LoadedModel, query: TokenizedQuery, texts: Sequence[str], *, limit: int, side: Side, options: WorkOptions
) -> Spans:
    """Score all spans of documents. Their rows are cached like those of windows.

    Args:
        model: the loaded one.
        query: as it was scored with the documents.
        texts: of the documents.
        limit: tokens of a document that are read.
        side: where a longer one loses tokens.
        options: of the work.

    Raises:
        Unavailable: overloaded.
        DeadlineExceeded: the deadline passed.
        InferenceFailed: the model failed on a span; the error names the document.
    """
    pairs = query.pairs
    most = min(_MOST_TOKENS, pairs.content_limit - len(query.ids))
    lane = model.cached_engine.admit_texts(texts, options)
    pieces = await model.engine.tokenization.map(
        lambda some: [_pieces(pairs, text, limit, side, most) for text in some],
        texts,
        lane=lane,
        deadline=options.deadline,
    )
    keyed = model.cached_engine.hasher.keyed
    rows = [keyed(pairs.row(query.ids, pairs.ended(piece.ids))) for own in pieces for piece in own]
    if not rows:
        return Spans([[] for _ in texts], 0)
    ends = np.cumsum([len(own) for own in pieces])
    try:
        logits, _ = await model.cached_engine.run(rows, options)
    except InferenceFailed as error:
        error.loc = ("documents", int(np.searchsorted(ends, error.item, side="right")))
        raise
    scores = np.split(sigmoid(logits[:, 0]), ends[:-1])
    found = [
        sorted(
            (Span(piece.start, piece.end, score) for piece, score in zip(own, of_own, strict=True)),
            key=lambda span: -span.score,
        )
        for own, of_own in zip(pieces, scores, strict=True)
    ]
    return Spans(found, sum(len(row.row.ids) for row in rows))


def _pieces(pairs: PairFormat, text: str, limit: int, side: Side, most: int) -> list[_Piece]:
    """The spans of what is read of a document, with their tokens. Blocks."""
    size = limit * _FIRST_CHARACTERS
    while True:
        before = max(0, len(text) - size) if side is Side.START else 0
        read = text[before : before + size]
        encoding = pairs.tokenizer.encoding(pairs.document_prefix + read)
        if len(encoding.ids) >= limit or len(read) == len(text):
            break
        size *= _GROWTH
    kept = slice(-limit, None) if side is Side.START else slice(limit)
    ids = np.array(encoding.ids, np.int32)[kept]
    shift = len(pairs.document_prefix)
    offsets = [(max(0, start - shift), max(0, end - shift)) for start, end in encoding.offsets[kept]]
    pieces = []
    for first, behind in pairwise(cuts(read, offsets, most)):
        start, end = offsets[first][0], offsets[behind - 1][1]
        stretch = read[start:end]
        start += len(stretch) - len(stretch.lstrip())
        pieces.append(_Piece(before + start, before + start + len(stretch.strip()), ids[first:behind]))
    return pieces


def cuts(text: str, offsets: Sequence[tuple[int, int]], most: int) -> list[int]:
    """Where a text's tokens are cut into spans: at the ends of sentences, or where a span would be too long.

    Args:
        text: whose sentences are looked for.
        offsets: of its tokens, in characters.
        most: tokens of a span.

    Returns:
        Numbers of the first tokens of all spans, and the number of tokens; nothing of a text without tokens.
    """
    if not offsets:
        return []
    ends = [end for _, end in offsets]
    sentences = {bisect_right(ends, match.end()) for match in _SENTENCE_END.finditer(text.rstrip())}
    least = min(_LEAST_TOKENS, most)
    found = [0]
    for number in range(1, len(offsets)):
        length = number - found[-1]
        if number in sentences and length >= least:
            found.append(number)
        elif length == most:
            found.append(_word_start(text, offsets, found[-1], number))
    if len(found) > 1 and len(offsets) - found[-1] < least and len(offsets) - found[-2] <= most:
        found.pop()
    return [*found, len(offsets)]


def _word_start(text: str, offsets: Sequence[tuple[int, int]], first: int, number: int) -> int:
    """The last token in the second half of a span that begins a word behind a space; else the one after the span."""
    for candidate in range(number, first + (number - first) // 2, -1):
        start = offsets[candidate][0]
        if text[start].isspace() or text[start - 1].isspace():
            return candidate
    return number
