"""The prompt of a cross-encoder that is a language model, read off what its chat template makes of a pair.

sentence-transformers tokenizes the whole text that the template gives. The services tokenize a query once and each
document by itself, so the text is cut where that gives the same tokens: where it does is tried, with what texts may
begin and end with.
"""

from collections.abc import Callable
from typing import TypeAlias

from bentos.common.models.profile import PairPrompt
from scripts.command import UsageError
from scripts.models.trial_texts import TEXTS

Render: TypeAlias = Callable[[str | None, str, str], str]
"""Instruction, query and document to the text that the model reads."""
Encode: TypeAlias = Callable[[str], list[int]]
"""A text's token ids, without special tokens of the tokenizer's own."""

# Private characters, which a template has no reason to change.
_INSTRUCTION, _QUERY, _DOCUMENT = "\ue000i\ue001", "\ue000q\ue001", "\ue000d\ue001"
_ENDS = ("", "x", "X", "5", ".", "?", ")", "(", "x.", "x. ", " x", "  x", "x ", "\n", "\nx", "x\n")
_SAMPLES = (*_ENDS, *TEXTS)


def read_pair_prompt(render: Render, encode: Encode) -> PairPrompt:
    """Cut the text around an instruction, a query and a document into parts.

    Raises:
        UsageError: the template lacks one of the texts or has them in another order, or there is no such cut.
    """
    usual = _around(render(None, _QUERY, _DOCUMENT), _QUERY, _DOCUMENT)
    if usual is None:
        raise UsageError(
            "Its chat template does not have the query and then the document, once each: get newer files of the model, "
            "as sentence-transformers 5.4 and later load them."
        )
    before, between, after = usual
    in_front = _last_cut(before, encode)
    behind, before_document = _first_cut(between, encode), _last_cut(between, encode)
    if behind > before_document:
        raise UsageError("Its chat template joins the query and the document in a way that is not supported.")
    end = _first_cut(after, encode)
    instructed = _around(render(_INSTRUCTION, _QUERY, _DOCUMENT), _INSTRUCTION, _QUERY, _DOCUMENT)
    prefix = before[in_front:]
    if instructed is not None:
        start, between_both, *rest = instructed
        if rest != [between, after] or not between_both.endswith(prefix):
            raise UsageError("Its chat template has an instruction in a place that is not supported.")
        instructed = (start, between_both.removesuffix(prefix))
    return PairPrompt(
        before=before[:in_front],
        instructed=instructed,
        query=(prefix, between[:behind]),
        between=between[behind:before_document],
        document=(between[before_document:], after[:end]),
        after=after[end:],
    )


def _around(text: str, *marks: str) -> tuple[str, ...] | None:
    """What is around marks; none if they are not there once each, in this order."""
    parts = []
    for mark in marks:
        if text.count(mark) != 1:
            return None
        part, _, text = text.partition(mark)
        parts.append(part)
    return (*parts, text)


def _last_cut(text: str, encode: Encode) -> int:
    """The last place at which what is in front of any text can be cut off."""
    whole = {sample: encode(text + sample) for sample in _SAMPLES}
    for cut in range(len(text), 0, -1):
        head = encode(text[:cut])
        if all(head + encode(text[cut:] + sample) == ids for sample, ids in whole.items()):
            return cut
    return 0


def _first_cut(text: str, encode: Encode) -> int:
    """The first place at which what is behind any text can be cut off."""
    whole = {sample: encode(sample + text) for sample in _SAMPLES}
    for cut in range(len(text)):
        tail = encode(text[cut:])
        if all(encode(sample + text[:cut]) + tail == ids for sample, ids in whole.items()):
            return cut
    return len(text)
