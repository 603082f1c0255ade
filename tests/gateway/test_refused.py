"""What nginx refuses before it asks a service is JSON in the shape of the path's dialect, too."""

import http.client
import json
import socket
from typing import Any, NamedTuple

import pytest

from tests.gateway.nginx import Gateway
from tests.gateway.shapes import DIALECTS, Fault, check_error
from tests.http.server import ANSWER_SECONDS

_MALFORMED = Fault("malformed_request", "invalid_request_error", "Validation")
_LONG = "x" * 20_000


class Answer(NamedTuple):
    """Of a request that no client would send."""

    status: int
    headers: http.client.HTTPMessage
    body: dict[str, Any]


@pytest.mark.parametrize("path", DIALECTS)
def test_a_request_with_two_hosts_is_400_in_the_shape_of_the_dialect(strict: Gateway, path: str) -> None:
    answer = _send(strict, f"POST {path}?a=b HTTP/1.1\r\nHost: heron\r\nHost: stork\r\nX-Request-ID: heron-1")
    assert answer.status == 400
    assert "not HTTP" in check_error(answer.body, path, _MALFORMED)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("head", "status", "code", "words"),
    [
        ("\x16\x03\x01\x02", 400, "malformed_request", "not HTTP"),
        ("GET /embed HTTP/1.1", 400, "malformed_request", "headers is not valid"),
        ("GET /%zz HTTP/1.1\r\nHost: heron", 400, "malformed_request", "its path"),
        ("POST /embed HTTP/1.1\r\nHost: heron\r\nContent-Length: -1", 400, "malformed_request", "not valid"),
        ("GET /refused HTTP/1.1\r\nHost: heron", 404, "not_found", "Not Found"),
        ("TRACE /embed HTTP/1.1\r\nHost: heron", 405, "method_not_allowed", "TRACE"),
        (f"GET /{_LONG} HTTP/1.1\r\nHost: heron", 414, "headers_too_large", "request line"),
        (f"GET /embed HTTP/1.1\r\nHost: heron\r\nX-Heron: {_LONG}", 431, "headers_too_large", "header"),
        ("POST /embed HTTP/1.1\r\nHost: heron\r\nTransfer-Encoding: gzip", 501, "unknown_transfer_encoding", "chunked"),
        ("GET /embed HTTP/3.0\r\nHost: heron", 505, "malformed_request", "HTTP/1.1"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(strict: Gateway, head: str, status: int, code: str, words: str) -> None:
    answer = _send(strict, head)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["param"]) == (status, code, None)
    assert words in answer.body["error"]["message"]


def _send(gateway: Gateway, head: str) -> Answer:
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), ANSWER_SECONDS) as connection:
        connection.sendall(f"{head}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return Answer(answer.status, answer.headers, json.loads(answer.read()))
