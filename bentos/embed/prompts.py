"""The model's prompt before each text, once: also where a client has put it there."""

from collections.abc import Sequence

from bentos.common.engine.tokenizer import Content, Side, Tokenizer
from bentos.common.errors import InvalidInput


def own_prompt(text: str, prompts: Sequence[str]) -> str:
    """The one of the prompts that a text begins with; empty if it begins with none."""
    return next((prompt for prompt in prompts if text.startswith(prompt)), "")


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
    if not any(own):
        return tokenizer.contents(texts, keep, side=side, prefix=prompt)
    found: dict[int, Content] = {}
    for prefix in dict.fromkeys(own):
        indexes = [index for index, its in enumerate(own) if its == prefix]
        rest = [texts[index][len(prefix) :] for index in indexes]
        found |= zip(indexes, tokenizer.contents(rest, keep, side=side, prefix=prefix or prompt), strict=True)
    return [found[index] for index in range(len(texts))]


def content_limit_for(max_tokens: int | None, prompt: str, tokenizer: Tokenizer) -> int:
    """Most tokens of prompt and text together.

    Raises:
        InvalidInput: the prompt alone would fill `max_tokens`.
    """
    if max_tokens is None or max_tokens >= tokenizer.window:
        return tokenizer.content_limit
    content_limit = max_tokens - (tokenizer.window - tokenizer.content_limit)
    missing = len(tokenizer.tokens(prompt)) + 1 - content_limit
    if missing > 0:
        raise InvalidInput(
            f"Must be at least {max_tokens + missing}: it includes the model's prompt and special tokens.",
            loc=("max_tokens",),
        )
    return content_limit
