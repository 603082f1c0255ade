"""Texts of which some have the model's prompt already, as their client has put it there."""

from collections.abc import Sequence

from bentos.common.engine.tokenizer import Content, Side, Tokenizer


def contents(
    tokenizer: Tokenizer, texts: Sequence[str], keep: int, *, side: Side, prompt: str, own: Sequence[str]
) -> list[Content]:
    """Tokens of each text behind a prompt, in order. Blocks.

    Args:
        tokenizer: of the model.
        texts: any strings.
        keep: most tokens of one text, its prompt's included.
        side: where a longer text loses tokens; the prompt is always kept.
        prompt: put in front of each text,
        own: but for those that have one of their own: for each text its prompt, or an empty string.
    """
    found: dict[int, Content] = {}
    for prefix in dict.fromkeys(own):
        indexes = [index for index, its in enumerate(own) if its == prefix]
        rest = [texts[index][len(prefix) :] for index in indexes]
        found |= zip(indexes, tokenizer.contents(rest, keep, side=side, prefix=prefix or prompt), strict=True)
    return [found[index] for index in range(len(texts))]
