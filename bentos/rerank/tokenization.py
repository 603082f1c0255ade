"""The rows of a request: the query with each window of each document."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from bentos.common.backends.interface import TokenIds
from bentos.common.cache.key import KeyedRow
from bentos.common.engine.pairs import PairFormat, pair_format
from bentos.common.engine.tokenizer import SHORT_CHARACTERS, Content, Side, are_short
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


class TokenizedRequest(NamedTuple):
    """A request as the model sees it.

    Attributes:
        query: its tokens.
        documents: in their order.
        pairs: how the query was joined with each.
    """

    query: Content
    documents: Sequence[TokenizedDocument]
    pairs: PairFormat


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
    ) -> TokenizedRequest:
        """Tokenize the query and all documents, and split these into windows.

        Raises:
            InvalidInput: the model takes no instruction, or not one of this length.
            TextTooLong: a text is over its limit and truncation is refused.
            TooManyTokens: more than could be scored in time.
        """
        pool, keyed = model.engine.tokenization, model.cached_engine.hasher.keyed
        side, window = side_of(request), model.tokenizer.window
        pairs = _format_of(request, model)

        async def apply(
            function: Callable[[Sequence[str]], Sequence[Result]],
            texts: Sequence[str],
            check: Callable[[Sequence[Result]], None] | None = None,
        ) -> Sequence[Result]:
            if are_short(texts):
                return function(texts)
            return await pool.map(function, texts, lane=lane, deadline=deadline, check=check)

        pair_limit = pairs.content_limit
        if request.max_pair_tokens is not None:
            pair_limit = min(pair_limit, request.max_pair_tokens - (window - pair_limit))
            if pair_limit < _LEAST_PAIR:
                raise InvalidInput("So few tokens leave none to the query or the document.", loc=("max_pair_tokens",))
        # Half the window is left to the documents, whatever the query's length.
        query_limit = min(pair_limit // 2, request.max_query_tokens or pair_limit)
        [query] = await apply(lambda texts: [pairs.query(text, query_limit, side) for text in texts], [request.query])
        limit_per_window, overlap = pair_limit - len(query.ids), self._overlap
        limit = self.most_tokens(request, limit_per_window)
        tokens = 0

        def pair(texts: Sequence[str]) -> list[TokenizedDocument]:
            contents = pairs.documents(texts, limit, side)
            pieces = [_split(content.ids, pairs, limit_per_window, overlap) for content in contents]
            rows = [[pairs.row(query.ids, ids) for ids in one] for one in pieces]
            return [TokenizedDocument(content, [*map(keyed, own)]) for content, own in zip(contents, rows, strict=True)]

        def check(documents: Sequence[TokenizedDocument]) -> None:
            nonlocal tokens
            tokens += sum(len(row.row.ids) for document in documents for row in document.rows)
            model.engine.check_size(tokens, deadline)

        documents = await apply(pair, request.documents, check)
        if (request.truncate or self._truncate) == "none":
            self._refuse(request, query, [document.content for document in documents])
        return TokenizedRequest(query, documents, pairs)

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


def _format_of(request: RerankRequest, model: LoadedModel) -> PairFormat:
    """How the request's query is joined with its documents.

    Raises:
        InvalidInput: the model takes no instruction, or not one of this length.
    """
    instruction = (request.instruction or "").strip() or None
    if instruction and len(instruction) > SHORT_CHARACTERS:
        raise InvalidInput(f"The instruction may have at most {SHORT_CHARACTERS} characters.", loc=("instruction",))
    try:
        pairs = pair_format(model.tokenizer, model.profile.pair_prompt, instruction)
    except ValueError:
        raise InvalidInput("This model takes no instruction.", loc=("instruction",)) from None
    if instruction and pairs.content_limit < model.tokenizer.window // 2:
        raise InvalidInput("The instruction leaves less than half of the model's window.", loc=("instruction",))
    return pairs


def _split(ids: TokenIds, pairs: PairFormat, limit_per_window: int, overlap: int) -> list[TokenIds]:
    """The windows of a document, each with the end of one."""
    own = max(0, len(ids) - len(pairs.document_end))
    *others, last = windows.split(ids[:own], limit_per_window, overlap)
    return [*map(pairs.ended, others), ids[own - len(last) :]]


def side_of(request: RerankRequest) -> Side:
    """Where a request's texts lose tokens."""
    return Side.START if request.truncate == "start" else Side.END
