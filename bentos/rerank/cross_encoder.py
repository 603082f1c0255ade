"""The domain of rerank-service: a query and documents in, one score per document out, whatever dialect asked."""

from collections.abc import Sequence

import numpy as np

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InferenceFailed, InvalidInput, NoItems, TooManyItems
from bentos.common.lifecycle import Lifecycle
from bentos.common.observability import tracing
from bentos.common.observability.usage import count_tokens
from bentos.common.work_options import WorkOptions
from bentos.rerank import windows
from bentos.rerank.request import Ranking, RerankRequest, TokenizedQuery
from bentos.rerank.settings import RerankSettings
from bentos.rerank.spans import Spans, score_spans
from bentos.rerank.tokenization import PairTokenizer, side_of


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
        self._tokenizer = PairTokenizer(settings)

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
            query, tokenized, pairs = await self._tokenizer.tokenize(request, model, lane, options.deadline)
            tokenizing.set_attribute("duobento.texts", len(texts))
        documents = [document.content for document in tokenized]
        rows = [row for document in tokenized for row in document.rows]
        counts = [len(document.rows) for document in tokenized]
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
        return Ranking(best, tokens, pair_tokens, truncated, query.truncated, hits, TokenizedQuery(query.ids, pairs))

    async def spans(
        self, request: RerankRequest, query: TokenizedQuery, indexes: Sequence[int], options: WorkOptions
    ) -> Spans:
        """Score the relevant spans of some documents, which have been ranked.

        Args:
            request: as it was ranked.
            query: of the ranking.
            indexes: of the documents.
            options: of the work.

        Raises:
            DomainError: see `score_spans`.
        """
        model = self._lifecycle.loaded
        limit = self._tokenizer.most_tokens(request, query.pairs.content_limit - len(query.ids))
        texts = [request.documents[index] for index in indexes]
        try:
            return await score_spans(model, query, texts, limit=limit, side=side_of(request), options=options)
        except InferenceFailed as error:
            error.loc = ("documents", indexes[int(error.loc[1])])
            raise

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
