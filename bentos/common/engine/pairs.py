"""How a query and a document become a row of a cross-encoder: with special tokens around them, or in a prompt."""

from collections.abc import Sequence

import numpy as np

from bentos.common.backends.interface import TokenIds, TokenRow
from bentos.common.engine.tokenizer import Content, Side, Tokenizer
from bentos.common.models.profile import PairPrompt


class PairFormat:
    """Special tokens around both texts, as the tokenizer's own template has them.

    Args:
        tokenizer: of the model.

    Attributes:
        content_limit: most tokens of both texts together.
        document_prefix: text in front of a document that is tokenized with it.
        document_end: tokens that each document, and each window of one, ends with.
    """

    document_prefix = ""
    document_end: TokenIds = np.empty(0, np.int32)

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.content_limit = tokenizer.pair_content_limit

    def query(self, text: str, keep: int, side: Side) -> Content:
        """Tokens of a query, truncated to `keep` besides those that belong to the prompt."""
        [content] = self.tokenizer.contents([text], keep, side=side)
        return content

    def documents(self, texts: Sequence[str], keep: int, side: Side = Side.END) -> list[Content]:
        """Tokens of documents, truncated to `keep` besides `document_end`, which they end with."""
        return self.tokenizer.contents(texts, keep, side=side)

    def ended(self, part: TokenIds) -> TokenIds:
        """Tokens from within a document, with its end."""
        return np.concatenate([part, self.document_end]) if len(self.document_end) else part

    def row(self, query: TokenIds, document: TokenIds) -> TokenRow:
        """A query and a document, or a window of it."""
        return self.tokenizer.pair_row(query, document)


class PromptedPairs(PairFormat):
    """Both texts in a prompt, tokenized as one text that a chat template makes of them.

    Args:
        tokenizer: of the model.
        prompt: of the model.
        instruction: instead of the model's own; none keeps that.

    Raises:
        ValueError: there is an instruction and the prompt takes none.
    """

    def __init__(self, tokenizer: Tokenizer, prompt: PairPrompt, instruction: str | None = None) -> None:
        super().__init__(tokenizer)
        before = prompt.before
        if instruction is not None:
            if prompt.instructed is None:
                raise ValueError("the prompt takes no instruction")
            before = instruction.join(prompt.instructed)
        self._before, self._between, self._after = map(self._ids, (before, prompt.between, prompt.after))
        self._query_prefix, self._query_suffix = prompt.query
        self._query_end = self._ids(self._query_suffix)
        self.document_prefix, self._document_suffix = prompt.document
        self.document_end = self._ids(self._document_suffix)
        parts = (self._before, self._between, self.document_end, self._after)
        self.content_limit = tokenizer.window - sum(map(len, parts))

    def query(self, text: str, keep: int, side: Side) -> Content:
        """See `PairFormat.query`."""
        [content] = self._contents([text], keep, side, self._query_prefix, self._query_suffix, self._query_end)
        return content

    def documents(self, texts: Sequence[str], keep: int, side: Side = Side.END) -> list[Content]:
        """See `PairFormat.documents`."""
        return self._contents(texts, keep, side, self.document_prefix, self._document_suffix, self.document_end)

    def row(self, query: TokenIds, document: TokenIds) -> TokenRow:
        """See `PairFormat.row`."""
        ids = np.concatenate([self._before, query, self._between, document, self._after])
        return TokenRow(ids, np.zeros_like(ids))

    def _contents(
        self, texts: Sequence[str], keep: int, side: Side, prefix: str, suffix: str, end: TokenIds
    ) -> list[Content]:
        """Tokens of texts with what is in front of them and behind; one that is too long is tokenized without that."""
        contents = self.tokenizer.contents([text + suffix for text in texts], keep + len(end), prefix=prefix)
        if not suffix and side is Side.END:
            return contents
        longer = [index for index, content in enumerate(contents) if content.truncated]
        alone = self.tokenizer.contents([texts[index] for index in longer], keep, side=side, prefix=prefix)
        for index, content in zip(longer, alone, strict=True):
            contents[index] = Content(np.concatenate([content.ids, end]), content.truncated)
        return contents

    def _ids(self, text: str) -> TokenIds:
        return np.array(self.tokenizer.encoding(text).ids, np.int32)


def pair_format(tokenizer: Tokenizer, prompt: PairPrompt | None, instruction: str | None = None) -> PairFormat:
    """The format of a model.

    Args:
        tokenizer: of the model.
        prompt: of its profile.
        instruction: see `PromptedPairs`.

    Raises:
        ValueError: there is an instruction and the model takes none.
    """
    if prompt is not None:
        return PromptedPairs(tokenizer, prompt, instruction)
    if instruction is not None:
        raise ValueError("the model has no prompt")
    return PairFormat(tokenizer)
