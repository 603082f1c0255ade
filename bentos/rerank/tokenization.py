"""The rows of a request: the query with each window of each document."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from bentos.common.cache.key import KeyedRow
from bentos.common.engine.tokenizer import Content, Side, are_short
from bentos.common.errors import InvalidInput, TextTooLong
from bentos.common.lifecycle import LoadedModel
from bentos.common.work_options import Lane
from bentos.rerank import windows
from bentos.rerank.request import RerankRequest
from bentos.rerank.settings import RerankSettings

Result = TypeVar("Result")
_LEAST_PAIR = 2
"""Tokens of a query and a document, one each."""


class TokenizedDocument(NamedTuple):
    """A document as the model sees it.

    Attributes:
        content: its tokens.
        rows: the query with each of its windows.
    """

    content: Content
    rows: list[KeyedRow]


class PairTokenizer:
    """Tokenizes queries and documents, and splits these into windows.

    Args:
        settings: limits where a request has none, and what becomes of longer documents.
    """

    def __init__(self, settings: RerankSettings) -> None:
        self._max_tokens_per_doc = settings.max_tokens_per_doc
        self._truncate = settings.truncate
        self._overlap = settings.window_overlap_tokens

    async def tokenize(
        self, request: RerankRequest, model: LoadedModel, lane: Lane, deadline: float | None
    ) -> tuple[Content, Sequence[TokenizedDocument]]:
        """Tokenize the query and all documents, and split these into windows.

        Raises:
            TextTooLong: a text is over its limit and truncation is refused.
            TooManyTokens: more than could be scored in time.
        """
        tokenizer, pool, keyed = model.tokenizer, model.engine.tokenization, model.cached_engine.hasher.keyed
        side = side_of(request)

        async def apply(
            function: Callable[[Sequence[str]], Sequence[Result]],
            texts: Sequence[str],
            check: Callable[[Sequence[Result]], None] | None = None,
        ) -> Sequence[Result]:
            if are_short(texts):
                return function(texts)
            return await pool.map(function, texts, lane=lane, deadline=deadline, check=check)

        pair_limit = tokenizer.pair_content_limit
        if request.max_pair_tokens is not None:
            pair_limit = min(pair_limit, request.max_pair_tokens - (tokenizer.window - pair_limit))
            if pair_limit < _LEAST_PAIR:
                raise InvalidInput("So few tokens leave none to the query or the document.", loc=("max_pair_tokens",))
        # Half the window is left to the documents, whatever the query's length.
        query_limit = min(pair_limit // 2, request.max_query_tokens or pair_limit)
        [query] = await apply(lambda texts: tokenizer.contents(texts, query_limit, side=side), [request.query])
        limit_per_window, overlap = pair_limit - len(query.ids), self._overlap
        limit = self.most_tokens(request, limit_per_window)
        tokens = 0

        def pair(texts: Sequence[str]) -> list[TokenizedDocument]:
            contents = tokenizer.contents(texts, limit, side=side)
            pieces = [
                [content.ids]
                if len(content.ids) <= limit_per_window
                else windows.split(content.ids, limit_per_window, overlap)
                for content in contents
            ]
            rows = [[tokenizer.pair_row(query.ids, ids) for ids in one] for one in pieces]
            return [TokenizedDocument(content, [*map(keyed, own)]) for content, own in zip(contents, rows, strict=True)]

        def check(documents: Sequence[TokenizedDocument]) -> None:
            nonlocal tokens
            tokens += sum(len(row.row.ids) for document in documents for row in document.rows)
            model.engine.check_size(tokens, deadline)

        documents = await apply(pair, request.documents, check)
        if (request.truncate or self._truncate) == "none":
            self._refuse(request, query, [document.content for document in documents])
        return query, documents

    def most_tokens(self, request: RerankRequest, limit_per_window: int) -> int:
        """Tokens of a document that are scored; `limit_per_window` of them fit into a window beside the query."""
        limit = request.max_tokens_per_doc or self._max_tokens_per_doc
        if request.max_windows_per_doc is None:
            return limit
        return min(
            limit,
            windows.most_tokens(request.max_windows_per_doc, limit_per_window, self._overlap),
        )

    def _refuse(self, request: RerankRequest, query: Content, documents: Sequence[Content]) -> None:
        if query.truncated:
            raise TextTooLong(
                f"The query has more than {len(query.ids)} tokens, its limit, and truncation is refused.",
                loc=("query",),
            )
        for index, document in enumerate(documents):
            if document.truncated:
                limit = " (max_tokens_per_doc)" if request.max_windows_per_doc is None else ""
                raise TextTooLong(
                    f"The document has more than {len(document.ids)} tokens{limit}, and truncation is refused.",
                    loc=("documents", index),
                )


def side_of(request: RerankRequest) -> Side:
    """Where a request's texts lose tokens."""
    return Side.START if request.truncate == "start" else Side.END
