"""A request's head is bounded before anything else is looked at, and ambiguous heads are refused."""

import pytest

from tests.hostile.prober import Prober
from tests.hostile.raw_http import Answer, RawConnection, get, post
from tests.http.services import Service

BODY = b'{"text": "heron"}'
MEGABYTE = 1024 * 1024
PROBE_SECONDS = 2.0
"""Bound of the worst probe; generous, as the machine may be busy."""


def ask(service: Service, request: bytes | str) -> Answer:
    with RawConnection(service.server.port) as connection:
        return connection.send(request).answer()


def chunked(*parts: str) -> str:
    """A request to `/embed` in chunks, whose last parts are its trailers."""
    head = "POST /embed HTTP/1.1\r\nHost: heron\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + f"{len(BODY):x}\r\n{BODY.decode()}\r\n" + "".join(parts)


def test_an_endless_header_is_refused_early_and_delays_no_probe(embed: Service) -> None:
    with Prober(embed.server.port) as prober, RawConnection(embed.server.port) as connection:
        connection.send("GET /live HTTP/1.1\r\nHost: heron\r\nX-Long: ")
        for _ in range(40):
            connection.send(b"x" * MEGABYTE)
        assert connection.answer().error == (431, "headers_too_large")
    assert prober.worst_seconds < PROBE_SECONDS
    assert prober.statuses == {200}


@pytest.mark.parametrize(
    "fields",
    [
        [f"X-{number}: 1" for number in range(101)],
        [f"X-{number}: 1" for number in range(20_000)],
        ["X-Long: " + "x" * 40_000],
        ["X-" + "x" * 40_000 + ": 1"],
        [f"X-{number}: " + "x" * 1000 for number in range(40)],
    ],
    ids=["101", "20,000", "a long value", "a long name", "long in all"],
)
def test_too_many_and_too_long_headers_are_refused(embed: Service, fields: list[str]) -> None:
    assert ask(embed, get("/embed", *fields)).error == (431, "headers_too_large")


def test_a_request_line_counts_as_a_header(embed: Service) -> None:
    assert ask(embed, get("/live?" + "x" * 40_000)).error == (431, "headers_too_large")


def test_headers_within_the_limit_are_taken_together_with_a_long_body(embed: Service) -> None:
    body = b'{"text": "heron"' + b" " * (200 * 1024) + b"}"
    fields = [f"X-{number}: " + "x" * 300 for number in range(90)]
    assert ask(embed, post("/embed", body, *fields)).status == 200


@pytest.mark.parametrize(
    "tail",
    ["0\r\nX-Long: " + "x" * (5 * MEGABYTE), "0\r\n" + "a: b\r\n" * 800_000, "1;" + "x" * (5 * MEGABYTE)],
    ids=["one trailer", "many trailers", "a chunk extension"],
)
def test_trailers_and_chunk_extensions_count_as_headers(embed: Service, tail: str) -> None:
    with Prober(embed.server.port) as prober:
        assert ask(embed, chunked(tail)).error == (431, "headers_too_large")
    assert prober.worst_seconds < PROBE_SECONDS


@pytest.mark.parametrize("trailers", ["A: 1\r\nX-Request-ID: of-a-trailer\r\n", "X-Request-ID: of-a-trailer\r\n"])
def test_a_trailer_is_no_header_of_this_request_or_the_next(embed: Service, trailers: str) -> None:
    request = chunked(f"0\r\n{trailers}\r\n") + get("/live").decode()
    with RawConnection(embed.server.port) as connection:
        connection.send(request)
        answers = [connection.answer(), connection.answer()]
    assert [answer.status for answer in answers] == [200, 200]
    assert "of-a-trailer" not in [answer.headers["x-request-id"] for answer in answers]


@pytest.mark.parametrize(
    "hosts",
    ["", "Host: a\r\nHost: b\r\n", "Host: a\r\nhost: a\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: a@b\r\n"],
    ids=["none", "two", "twice the same", "with a space", "with a path", "with a user"],
)
def test_a_request_needs_exactly_one_sound_host(embed: Service, hosts: str) -> None:
    assert ask(embed, f"GET /live HTTP/1.1\r\n{hosts}\r\n").error == (400, "malformed_request")


@pytest.mark.parametrize("host", ["", "localhost", "[::1]:5555", "heron.example:80"])
def test_any_sound_host_is_taken(embed: Service, host: str) -> None:
    assert ask(embed, f"GET /live HTTP/1.1\r\nHost: {host}\r\n\r\n").status == 200


def test_http_1_0_needs_no_host(embed: Service) -> None:
    assert ask(embed, "GET /live HTTP/1.0\r\n\r\n").status == 200


@pytest.mark.parametrize(
    "request_",
    [
        "\x16\x03\x01\x02\x00\x01",
        "GET /live HTTP/9.9\r\n\r\n",
        "GET /live HTTP/0.9\r\n\r\n",
        "GET /live\r\n\r\n",
        "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST /embed HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "CONNECT heron.example:80 HTTP/1.1\r\nHost: heron.example\r\n\r\n",
    ],
    ids=["TLS", "HTTP/9.9", "HTTP/0.9", "no version", "two framings", "no end", "two lengths", "CONNECT"],
)
def test_what_is_not_sound_http_is_refused_in_our_shape(embed: Service, request_: str) -> None:
    answer = ask(embed, request_)
    assert answer.error == (400, "malformed_request")
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("encodings", ["gzip", "gzip, chunked", "identity", "chunked;q=1"])
def test_a_transfer_encoding_other_than_chunked_is_501(embed: Service, encodings: str) -> None:
    answer = ask(embed, f"POST /embed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {encodings}\r\n\r\n0\r\n\r\n")
    assert answer.error == (501, "unknown_transfer_encoding")


def test_chunked_may_be_written_in_capitals(embed: Service) -> None:
    assert ask(embed, chunked("0\r\n\r\n").replace(": chunked", ": Chunked")).status == 200


def test_a_broken_chunk_is_refused_in_the_shape_of_the_dialect(embed: Service) -> None:
    head = "POST /v2/embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = ask(embed, head + "zz\r\n")
    assert answer.status == 400
    assert b'"message":"The request is not valid HTTP/1.1."' in answer.body
    assert b'"error"' not in answer.body


def test_an_error_does_not_overtake_the_answer_before_it(embed: Service) -> None:
    with RawConnection(embed.server.port) as connection:
        answer = connection.send(post("/embed", BODY) + b"rubbish\r\n\r\n").answer()
        assert answer.status == 200
        assert connection.is_closed_by_server()


def test_requests_that_are_sent_together_are_answered_in_order(embed: Service) -> None:
    paths = ["/live", "/nowhere", "/live", "/ready"]
    with RawConnection(embed.server.port) as connection:
        connection.send(b"".join(get(path) for path in paths))
        assert [connection.answer().status for _ in paths] == [200, 404, 200, 200]


def test_few_requests_may_wait_on_one_connection(embed: Service) -> None:
    with RawConnection(embed.server.port) as connection:
        connection.send(post("/embed", BODY) * 5000)
        statuses = []
        while True:
            try:
                statuses.append(connection.answer().status)
            except ConnectionError:
                break
    assert set(statuses) == {200}
    assert len(statuses) < 50


@pytest.mark.parametrize("upgrade", ["h2c", "websocket", "TLS/1.0"])
def test_an_upgrade_is_ignored(embed: Service, upgrade: str) -> None:
    fields = [f"Upgrade: {upgrade}", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__"]
    with RawConnection(embed.server.port) as connection:
        request = post("/embed", BODY, *fields)
        answers = [connection.send(request[:-3]).send(request[-3:]).answer(), connection.send(request).answer()]
    assert [answer.status for answer in answers] == [200, 200]


def test_an_upgrade_with_a_body_in_chunks_is_ignored(embed: Service) -> None:
    request = chunked("0\r\n\r\n").replace("Host:", "Upgrade: h2c\r\nConnection: Upgrade\r\nHost:", 1)
    assert ask(embed, request).status == 200
