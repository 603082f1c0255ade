"""Texts as token rows, in the way the services make them: prompt, window, special tokens."""

from collections.abc import Sequence

from bentos.common.backends.interface import TokenRow
from bentos.common.engine.pairs import PairFormat, pair_format
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.models.profile import PromptName
from bentos.common.models.store import InstalledModel


class ModelRows:
    """Tokenizer, prompts and window of an installed model."""

    def __init__(self, installed: InstalledModel) -> None:
        self._tokenizer = Tokenizer.load(installed.path, installed.profile.max_tokens)
        self._prompts = installed.profile.prompts
        self._include_prompt = installed.profile.include_prompt
        self._pair_prompt = installed.profile.pair_prompt

    def of(self, prompt: PromptName, texts: Sequence[str]) -> list[TokenRow]:
        """One row per text, for an encoder."""
        prefix = self._prompts.get(prompt, "")
        contents = self._tokenizer.contents(texts, self._tokenizer.content_limit, prefix=prefix)
        left_out = 0 if self._include_prompt else len(self._tokenizer.tokens(prefix))
        return [self._tokenizer.row(content.ids, left_out) for content in contents]

    def of_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[TokenRow]:
        """One row per query and document, for a cross-encoder; see `pair_rows`."""
        return pair_rows(pair_format(self._tokenizer, self._pair_prompt), pairs)


def pair_rows(pairs: PairFormat, texts: Sequence[tuple[str, str]]) -> list[TokenRow]:
    """One row per query and document; a long document is cut at the end."""
    rows = []
    for query, document in texts:
        first = pairs.query(query, pairs.content_limit, Side.END)
        [second] = pairs.documents([document], pairs.content_limit - len(first.ids))
        rows.append(pairs.row(first.ids, second.ids))
    return rows
