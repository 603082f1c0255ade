"""What servers are compared with: models in this process, without HTTP."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Load
from benchmarks.peers.requests import Documents, Request, Texts
from benchmarks.peers.work import Work, prompt_of
from bentos.common.backends.interface import Backend, TokenRow
from bentos.common.backends.packing import groups
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import InstalledModel

BARE = "duobento, backend in process"
SENTENCE_TRANSFORMERS = "sentence-transformers in process"

_BATCH_TOKENS = 2048


class BareBackend:
    """Our backend without HTTP and without the engine: sequences sorted by length, in large micro-batches."""

    name = BARE

    def __init__(self, backend: Backend, model: InstalledModel) -> None:
        self.precision = backend.precision
        self._backend = backend
        self._prompt = prompt_of(model)
        self._tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        return _timed(work, self._infer)

    def _infer(self, requests: tuple[Request, ...]) -> None:
        rows = sorted((row for request in requests for row in self._rows(request)), key=lambda row: len(row.ids))
        for part in groups([len(row.ids) for row in rows], _BATCH_TOKENS):
            self._backend.infer(rows[part])

    def _rows(self, request: Request) -> Iterator[TokenRow]:
        tokenizer = self._tokenizer
        if isinstance(request, Texts):
            for content in tokenizer.contents(request.texts, tokenizer.content_limit, prefix=self._prompt):
                yield tokenizer.row(content.ids)
        else:
            [query] = tokenizer.contents([request.query], tokenizer.pair_content_limit)
            for content in tokenizer.contents(request.documents, tokenizer.pair_content_limit):
                yield tokenizer.pair_row(query.ids, content.ids)


class SentenceTransformersInProcess:
    """The original in fp32, as its own library runs it."""

    name = SENTENCE_TRANSFORMERS
    precision = "fp32"

    def __init__(self, original: InstalledModel) -> None:
        from sentence_transformers import CrossEncoder, SentenceTransformer

        model = SentenceTransformer if original.profile.kind == "encoder" else CrossEncoder
        self._model: Any = model(str(original.path), device="cpu")
        self._prompt = prompt_of(original)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        return _timed(work, self._infer)

    def vectors(self, request: Texts) -> NDArray[np.float32]:
        """Unit vectors: float32 `[texts, dimension]`."""
        vectors: NDArray[np.float32] = self._model.encode(
            [self._prompt + text for text in request.texts], normalize_embeddings=True, show_progress_bar=False
        )
        return vectors

    def scores(self, request: Documents) -> NDArray[np.float32]:
        """Sigmoid scores: float32 `[documents]`."""
        from torch.nn import Sigmoid

        pairs = [(request.query, document) for document in request.documents]
        scores: NDArray[np.float32] = self._model.predict(pairs, activation_fn=Sigmoid(), show_progress_bar=False)
        return scores

    def _infer(self, requests: tuple[Request, ...]) -> None:
        texts = [self._prompt + text for request in requests if isinstance(request, Texts) for text in request.texts]
        pairs = [
            (request.query, document)
            for request in requests
            if isinstance(request, Documents)
            for document in request.documents
        ]
        if texts:
            self._model.encode(texts, batch_size=32, show_progress_bar=False)
        if pairs:
            self._model.predict(pairs, batch_size=32, show_progress_bar=False)


def _timed(work: Work, infer: Callable[[tuple[Request, ...]], None]) -> Load:
    """One client's requests one by one, with latencies; those of several clients all together, without."""
    started = time.perf_counter()
    if work.clients > 1:
        infer(work.requests)
        return Load(time.perf_counter() - started, [], [])
    latencies = []
    for request in work.requests:
        before = time.perf_counter()
        infer((request,))
        latencies.append(time.perf_counter() - before)
    return Load(time.perf_counter() - started, latencies, [])
