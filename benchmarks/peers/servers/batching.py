"""A plain server for a runtime that only knows token ids: HTTP, tokenization, and batching of what waits.

Texts that wait while a batch is computed go into the next one together, at most 32, sorted by length, as in
text-embeddings-inference. Batches are padded to their longest text.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import orjson
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tokenizers import Encoding, Tokenizer

Infer = Callable[[Sequence[Encoding]], NDArray[np.float32]]
_MAX_ITEMS = 32


class Batcher:
    """Joins the items of all requests into batches, one at a time on one thread."""

    def __init__(self, infer: Infer) -> None:
        self._infer = infer
        self._waiting: asyncio.Queue[tuple[Encoding, asyncio.Future[NDArray[np.float32]]]] = asyncio.Queue()
        self._thread = ThreadPoolExecutor(1)

    async def compute(self, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        """Outputs in the order of the encodings."""
        futures = [asyncio.get_running_loop().create_future() for _ in encodings]
        for index in sorted(range(len(encodings)), key=lambda index: len(encodings[index].ids)):
            self._waiting.put_nowait((encodings[index], futures[index]))
        return np.stack(await asyncio.gather(*futures))

    async def run(self) -> None:
        """Serve for ever."""
        loop = asyncio.get_running_loop()
        while True:
            items = [await self._waiting.get()]
            while len(items) < _MAX_ITEMS and not self._waiting.empty():
                items.append(self._waiting.get_nowait())
            outputs = await loop.run_in_executor(self._thread, self._infer, [encoding for encoding, _ in items])
            for (_, future), output in zip(items, outputs, strict=True):
                future.set_result(output)


def padded(encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
    """Inputs of a BERT-like model, int64 `[items, longest]` each."""
    shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
    inputs = {name: np.zeros(shape, np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    for row, encoding in enumerate(encodings):
        inputs["input_ids"][row, : len(encoding.ids)] = encoding.ids
        inputs["attention_mask"][row, : len(encoding.ids)] = 1
        inputs["token_type_ids"][row, : len(encoding.ids)] = encoding.type_ids
    return inputs


def unit_means(hidden: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    """Mean of each text's tokens, scaled to length 1: float32 `[items, width]`."""
    sums = np.einsum("itw,it->iw", hidden, mask.astype(np.float32))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def serve(infer: Infer, folder: Path, window: int, port: int) -> None:
    """Answer `POST /embed` (unit vectors) or `POST /rerank` (logits), whichever the model is for.

    Args:
        infer: runs on a thread of its own.
        folder: holds `tokenizer.json`.
        window: maximum number of tokens of a text or pair.
        port: on the loopback interface.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(window)
    tokenizer.no_padding()
    batcher = Batcher(infer)

    async def embed(request: Request) -> Response:
        encodings = tokenizer.encode_batch(orjson.loads(await request.body())["texts"])
        return _answer({"embeddings": await batcher.compute(encodings)})

    async def rerank(request: Request) -> Response:
        body = orjson.loads(await request.body())
        encodings = tokenizer.encode_batch([(body["query"], document) for document in body["documents"]])
        return _answer({"scores": (await batcher.compute(encodings))[:, 0]})

    async def health(_: Request) -> Response:
        return Response()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(batcher.run())
        yield
        task.cancel()

    routes = [
        Route("/embed", embed, methods=["POST"]),
        Route("/rerank", rerank, methods=["POST"]),
        Route("/health", health),
    ]
    uvicorn.run(Starlette(routes=routes, lifespan=lifespan), port=port, access_log=False, log_level="warning")


def _answer(content: dict[str, NDArray[np.float32]]) -> Response:
    body = orjson.dumps(
        {name: np.ascontiguousarray(array) for name, array in content.items()}, option=orjson.OPT_SERIALIZE_NUMPY
    )
    return Response(body, media_type="application/json")
