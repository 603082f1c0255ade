"""Bodies inside all limits that held a service up, or took its memory: refused or answered while its probes are asked.

Each stands for a kind. Bounds of time are those of a busy machine; what an idle one does is in docs/performance.md.
"""

import gzip
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from typing import TypeAlias

import psutil
import pytest

from tests.hostile.prober import Prober
from tests.hostile.raw_http import RawConnection
from tests.http.services import JSON, Service

MEGABYTE = 1_000_000
WORST_SECONDS = 1.0
MOST_RESIDENT_BYTES = 1500 * MEGABYTE
"""Far below the memory that the compose file gives a service."""


def items(item: bytes, size: int) -> bytes:
    """A list of equal items, of so many bytes."""
    return b"[" + b",".join(repeat(item, size // (len(item) + 1))) + b"]"


def keys(size: int) -> bytes:
    """An object of distinct keys, of about so many bytes."""
    return b"{" + b",".join(b'"k%07d":0' % number for number in range(size // 13)) + b"}"


def fields(**values: bytes) -> bytes:
    """An object with these fields, which are JSON."""
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), value) for name, value in values.items()) + b"}"


MODEL = b'"sentence-transformers/all-MiniLM-L6-v2"'
SEARCH = {"model": MODEL, "input_type": b'"search_query"'}
PART = b'{"type":"text","text":"a"}'

Attack: TypeAlias = tuple[str, Callable[[], bytes], int]
"""Path, body, and the status that it gets. Bodies are made when they are sent."""

ON_EMBED: dict[str, Attack] = {
    "numbers for texts, 2 MB": ("/embed", lambda: fields(texts=items(b"1", 2 * MEGABYTE)), 413),
    "numbers for texts, 0.2 MB": ("/embed", lambda: fields(texts=items(b"1", MEGABYTE // 5)), 422),
    "numbers for texts, 32 MB": ("/embed", lambda: fields(texts=items(b"1", 32 * MEGABYTE)), 413),
    "short texts": ("/embed", lambda: fields(texts=items(b'"a"', 8 * MEGABYTE)), 413),
    "long numbers for texts": ("/embed", lambda: fields(texts=items(b"9" * 4000, 8 * MEGABYTE)), 422),
    "unknown keys": ("/embed", lambda: b'{"text":"a",' + keys(4 * MEGABYTE)[1:], 413),
    "unknown keys, fewer": ("/embed", lambda: b'{"text":"a",' + keys(MEGABYTE)[1:], 413),
    "an ignored object of keys": ("/v1/embed", lambda: fields(texts=b'["a"]', ignored=keys(4 * MEGABYTE)), 400),
    "16 M token ids": (
        "/v1/embeddings",
        lambda: fields(model=MODEL, truncate=b'"end"', input=items(b"1", 32 * MEGABYTE)),
        400,
    ),
    "400,000 token ids": ("/v1/embeddings", lambda: fields(model=MODEL, input=items(b"1", MEGABYTE * 4 // 5)), 400),
    "lists of one token id": ("/v1/embeddings", lambda: fields(model=MODEL, input=items(b"[1]", 4 * MEGABYTE)), 400),
    "token ids for tei": ("/tei/embed", lambda: fields(inputs=items(b"1", MEGABYTE * 4 // 5)), 413),
    "many inputs": (
        "/v2/embed",
        lambda: fields(inputs=items(b'{"content":[' + PART + b"]}", 4 * MEGABYTE), **SEARCH),
        400,
    ),
    "many parts": ("/v2/embed", lambda: fields(inputs=b'[{"content":' + items(PART, MEGABYTE) + b"}]", **SEARCH), 400),
    "many images": ("/v2/embed", lambda: fields(images=items(b"{}", MEGABYTE // 5), texts=b'["a"]', **SEARCH), 400),
    "a key of 10 MB": ("/embed", lambda: fields(text=b'"a"', **{"k" * 10 * MEGABYTE: b"1"}), 422),
    "a key of 10 MB, twice": ("/embed", lambda: b'{"%s":1,"%s":1}' % ((b"k" * 10 * MEGABYTE,) * 2), 400),
    "a model of 8 MB": ("/v1/embed", lambda: fields(model=b'"%s"' % (b"m" * 8 * MEGABYTE), texts=b'["a"]'), 400),
    "8 MB of brackets": ("/embed", lambda: b"[" * 8 * MEGABYTE, 413),
    "8 MB of quotes": ("/embed", lambda: b'"' * 8 * MEGABYTE, 400),
    "8 MB of backslashes": ("/embed", lambda: b'{"text":"%s' % (b"\\" * 8 * MEGABYTE), 400),
}
ON_RERANK: dict[str, Attack] = {
    "objects for documents": ("/rerank", lambda: fields(query=b'"q"', documents=items(b"{}", MEGABYTE // 5)), 422),
    "objects for documents, 8 MB": ("/rerank", lambda: fields(query=b'"q"', documents=items(b"{}", 8 * MEGABYTE)), 413),
    "numbers for documents": ("/rerank", lambda: fields(query=b'"q"', documents=items(b"1", MEGABYTE // 4)), 422),
    "numbers for v1": ("/v1/rerank", lambda: fields(query=b'"q"', documents=items(b"1", MEGABYTE // 4)), 400),
    "numbers for texts": ("/tei/rerank", lambda: fields(query=b'"q"', texts=items(b"1", MEGABYTE // 4)), 422),
    "one document of many fields": (
        "/v1/rerank",
        lambda: fields(query=b'"q"', documents=b"[%s]" % keys(MEGABYTE)),
        400,
    ),
    "rank fields": (
        "/v1/rerank",
        lambda: fields(query=b'"q"', documents=b'["a"]', rank_fields=items(b"1", MEGABYTE // 5)),
        400,
    ),
    "1e400": (
        "/v1/rerank",
        lambda: fields(query=b'"q"', documents=b'[{"text":"a","b":1e400}]', return_documents=b"true"),
        400,
    ),
    "unknown keys": ("/rerank", lambda: b'{"query":"a","documents":["a"],' + keys(4 * MEGABYTE)[1:], 413),
    "a key of 10 MB": ("/rerank", lambda: fields(query=b'"q"', documents=b'["a"]', **{"k" * 10 * MEGABYTE: b"1"}), 422),
}


@pytest.fixture(autouse=True)
def _no_fault_of_ours(embed: Service, rerank: Service) -> Iterator[None]:
    yield
    for service in (embed, rerank):
        assert service.server.metric("duobento_requests_total", status="500") == 0
        assert service.server.metric("duobento_inflight_bytes") == 0
        assert resident_bytes(service) < MOST_RESIDENT_BYTES


@pytest.mark.parametrize(("path", "body", "status"), ON_EMBED.values(), ids=ON_EMBED.keys())
def test_embed_refuses_a_hostile_body_while_it_answers_its_probes(
    embed: Service, path: str, body: Callable[[], bytes], status: int
) -> None:
    refuse(embed, path, body(), status)


@pytest.mark.parametrize(("path", "body", "status"), ON_RERANK.values(), ids=ON_RERANK.keys())
def test_rerank_refuses_a_hostile_body_while_it_answers_its_probes(
    rerank: Service, path: str, body: Callable[[], bytes], status: int
) -> None:
    refuse(rerank, path, body(), status)


def refuse(service: Service, path: str, body: bytes, status: int) -> None:
    """Send a body; its answer is a short error, the probes' are as always, and so is that of a good request."""
    with Prober(service.server.port) as prober:
        answer = service.server.client.post(path, content=body, headers=JSON)
        good = service.post("heron")
    assert answer.status_code == status, answer.text[:300]
    assert len(answer.content) < 1000
    assert good.status_code == 200
    assert prober.statuses == {200}
    assert prober.worst_seconds < WORST_SECONDS


def resident_bytes(service: Service) -> int:
    """Memory of the service's processes together."""
    parent = psutil.Process(service.server.process.pid)
    return sum(process.memory_info().rss for process in [parent, *parent.children(recursive=True)])


def test_bodies_in_chunks_of_one_byte_delay_no_probe(embed: Service) -> None:
    head = b"POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    request = head + b'f\r\n{"text":"heron"\r\n' + b"1\r\n \r\n" * 200_000 + b"1\r\n}\r\n0\r\n\r\n"
    with ExitStack() as stack, Prober(embed.server.port) as prober, ThreadPoolExecutor(12) as pool:
        senders = [stack.enter_context(RawConnection(embed.server.port)) for _ in range(12)]
        answers = list(pool.map(lambda sender: sender.send(request).answer(), senders))
    assert [answer.status for answer in answers] == [200] * 12
    assert prober.statuses == {200}
    assert prober.worst_seconds < WORST_SECONDS


def test_many_bodies_that_inflate_a_thousandfold_delay_no_probe(embed: Service) -> None:
    compressed = gzip.compress(b'{"text":"heron"}'.ljust(32 * MEGABYTE))
    headers = JSON | {"Content-Encoding": "gzip"}

    def send(_: int) -> int:
        return embed.server.client.post("/embed", content=compressed, headers=headers).status_code

    with Prober(embed.server.port) as prober, ThreadPoolExecutor(30) as pool:
        statuses = set(pool.map(send, range(90)))
    assert 200 in statuses
    assert statuses <= {200, 429}
    assert prober.statuses == {200}
    assert prober.worst_seconds < WORST_SECONDS
