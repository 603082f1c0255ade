"""Bodies as ordinary clients send them: compressed, with a byte order mark, without a Content-Type."""

import gzip
import json
import zlib
from collections.abc import Callable

import pytest

from tests.http.services import JSON, Service, problem
from tests.http.shared import FRAIL_BODY_BYTES

COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZIP": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("headers", [{}, {"Content-Type": ""}], ids=["none", "empty"])
def test_json_without_a_content_type_is_taken(service: Service, headers: dict[str, str]) -> None:
    body = json.dumps(service.kind.body("heron")).encode()
    assert service.post_body(body, headers).status_code == 200


@pytest.mark.parametrize("text", ["heron", "heron " * 20_000], ids=["small", "large"])
def test_a_byte_order_mark_is_ignored(service: Service, text: str) -> None:
    body = json.dumps(service.kind.body(text)).encode()
    assert service.post_body(b"\xef\xbb\xbf" + body).status_code == 200


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_compressed_body_is_inflated(service: Service, encoding: str) -> None:
    body = COMPRESSED[encoding](json.dumps(service.kind.body("heron " * 20_000)).encode())
    assert service.post_body(body, JSON | {"Content-Encoding": encoding}).status_code == 200


def test_a_body_that_inflates_to_more_than_the_limit_is_413(frail: Service) -> None:
    bomb = gzip.compress(b" " * 100 * FRAIL_BODY_BYTES)
    assert problem(frail.post_body(bomb, JSON | {"Content-Encoding": "gzip"})) == (413, "body_too_large", None)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "heron"])
def test_an_unknown_content_encoding_is_415_and_named(service: Service, encoding: str) -> None:
    answer = service.post_body(b"{}", JSON | {"Content-Encoding": encoding})
    assert problem(answer) == (415, "unsupported_media_type", None)
    assert "Content-Encoding" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "content",
    [b"{}", b"", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"{}", gzip.compress(b"{}") * 2],
    ids=["not compressed", "empty", "cut off", "goes on", "twice"],
)
def test_a_body_that_is_not_compressed_as_it_says_is_400(service: Service, content: bytes) -> None:
    answer = service.post_body(content, JSON | {"Content-Encoding": "gzip"})
    assert problem(answer) == (400, "malformed_body", None)
