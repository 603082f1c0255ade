"""The domain of rerank-service: a query and documents in, one score per document out, whatever dialect asked."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from bentos.common.cache.key import KeyedRow
from bentos.common.engine.tokenizer import Content, Side, Truncation, are_short
from bentos.common.errors import InferenceFailed, InvalidInput, NoItems, TextTooLong, TooManyItems
from bentos.common.lifecycle import Lifecycle, LoadedModel
from bentos.common.observability import tracing
from bentos.common.observability.usage import count_tokens
from bentos.common.work_options import Lane, WorkOptions
from bentos.rerank import windows
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.settings import RerankSettings

Result = TypeVar("Result")
_LEAST_PAIR = 2
"""Tokens of a query and a document, one each."""


class _Document(NamedTuple):
    """A document as the model sees it.

    Attributes:
        content: its tokens.
        rows: the query with each of its windows.
    """

    content: Content
    rows: list[KeyedRow]


class CrossEncoder:
    """Scores requests with the loaded model.

    Attributes:
        max_documents: of a request.
        max_tokens_per_doc: tokens of a document that are scored; a request may ask for fewer.
        truncate: what becomes of a longer document in a request that does not say.
    """

    def __init__(self, lifecycle: Lifecycle, settings: RerankSettings) -> None:
        self._lifecycle = lifecycle
        self.max_documents = settings.max_documents
        self.max_tokens_per_doc = settings.max_tokens_per_doc
        self.truncate: Truncation = settings.truncate
        self._overlap = settings.window_overlap_tokens

    async def rerank(self, request: RerankRequest, options: WorkOptions) -> Ranking:
        """Tokenize, split into windows and score all documents.

        Raises:
            InvalidInput: no document, too many, a blank query, a text over its limit with truncation refused, or
                more tokens than could be scored in time.
            Unavailable: not ready, or overloaded.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a document.
        """
        self._check(request)
        model = self._lifecycle.loaded
        texts = [request.query, *request.documents]
        lane = model.cached_engine.admit_texts(texts, options)
        with tracing.span("tokenize") if tracing.tracer else tracing.NOT_RECORDED as tokenizing:
            query, pairs = await self._tokenize(request, model, lane, options.deadline)
            tokenizing.set_attribute("duobento.texts", len(texts))
        documents = [pair.content for pair in pairs]
        rows = [row for pair in pairs for row in pair.rows]
        counts = [len(pair.rows) for pair in pairs]
        truncated = [index for index, document in enumerate(documents) if document.truncated]
        try:
            logits, cached = await model.cached_engine.run(rows, options)
        except InferenceFailed as error:
            document = int(np.searchsorted(np.cumsum(counts), error.item, side="right"))
            error.loc = ("documents", document)
            raise
        self._lifecycle.metrics.texts.inc(len(documents) + 1)
        tokens = sum(len(keyed.row.ids) for keyed in rows)
        count_tokens(tokens)
        pair_tokens = [len(query.ids) + len(document.ids) for document in documents]
        best, hits = logits[:, 0], sum(cached)
        if len(rows) > len(documents):
            best = windows.best(best, counts)
            hits = int(windows.all_of(np.array(cached), counts).sum())
        return Ranking(best, tokens, pair_tokens, truncated, query.truncated, hits)

    def check_number(self, documents: Sequence[object]) -> None:
        """Refuse too many documents, before anything is done with each.

        Raises:
            TooManyItems: more than the limit.
        """
        limit = self.max_documents
        if len(documents) > limit:
            raise TooManyItems(f"{len(documents)} documents are more than the limit of {limit}.", loc=("documents",))

    def _check(self, request: RerankRequest) -> None:
        if not request.documents:
            raise NoItems("Send at least one document.", loc=("documents",))
        self.check_number(request.documents)
        if (request.max_tokens_per_doc or 0) > self.max_tokens_per_doc:
            raise InvalidInput(
                f"max_tokens_per_doc may be at most {self.max_tokens_per_doc}.", loc=("max_tokens_per_doc",)
            )
        if not request.allow_blank_query and not request.query.strip():
            raise InvalidInput("The query is blank.", loc=("query",))

    async def _tokenize(
        self, request: RerankRequest, model: LoadedModel, lane: Lane, deadline: float | None
    ) -> tuple[Content, Sequence[_Document]]:
        """Tokenize the query and all documents, and split these into windows.

        Raises:
            TextTooLong: a text is over its limit and truncation is refused.
            TooManyTokens: more than could be scored in time.
        """
        tokenizer, pool, keyed = model.tokenizer, model.engine.tokenization, model.cached_engine.hasher.keyed
        side = Side.START if request.truncate == "start" else Side.END

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
        limit = self._most_tokens(request, limit_per_window)
        tokens = 0

        def pair(texts: Sequence[str]) -> list[_Document]:
            contents = tokenizer.contents(texts, limit, side=side)
            pieces = [
                [content.ids]
                if len(content.ids) <= limit_per_window
                else windows.split(content.ids, limit_per_window, overlap)
                for content in contents
            ]
            rows = [[tokenizer.pair_row(query.ids, ids) for ids in one] for one in pieces]
            return [_Document(content, [*map(keyed, own)]) for content, own in zip(contents, rows, strict=True)]

        def check(documents: Sequence[_Document]) -> None:
            nonlocal tokens
            tokens += sum(len(row.row.ids) for document in documents for row in document.rows)
            model.engine.check_size(tokens, deadline)

        documents = await apply(pair, request.documents, check)
        if (request.truncate or self.truncate) == "none":
            self._refuse(request, query, [document.content for document in documents])
        return query, documents

    def _most_tokens(self, request: RerankRequest, limit_per_window: int) -> int:
        """Tokens of a document that are scored; `limit_per_window` of them fit into a window beside the query."""
        limit = request.max_tokens_per_doc or self.max_tokens_per_doc
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
