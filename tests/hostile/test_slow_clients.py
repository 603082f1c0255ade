"""Clients that are silent, drip or do not read are let go of in time; those that only wait for us are not."""

import socket
import time

import orjson

from tests.hostile.raw_http import RawConnection, get, post
from tests.http.server import wait_for
from tests.http.services import Service, long_texts

BODY = b'{"text": "heron"}'
DRIP_SECONDS = 0.1
TIMEOUT_SECONDS = 1.0
"""Time limits of the service for headers, bodies and answers."""


def refused(service: Service, reason: str) -> float:
    return service.server.metric("duobento_connections_refused_total", reason=reason)


def drip(connection: RawConnection, data: bytes) -> None:
    """Send byte by byte until there is an answer or the connection is closed."""
    connection.socket.settimeout(DRIP_SECONDS)
    for byte in data:
        connection.send(bytes([byte]))
        try:
            if connection.socket.recv(1, socket.MSG_PEEK) is not None:
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    else:
        raise AssertionError("the server took all of it")
    connection.socket.settimeout(60)


def test_a_silent_connection_is_closed(short_timeouts: Service) -> None:
    before = refused(short_timeouts, "silent")
    with RawConnection(short_timeouts.server.port) as connection:
        assert connection.is_closed_by_server()
    assert refused(short_timeouts, "silent") == before + 1


def test_a_connection_of_blank_lines_is_closed(short_timeouts: Service) -> None:
    with RawConnection(short_timeouts.server.port) as connection:
        drip(connection, b"\r\n" * 300)
        assert connection.is_closed_by_server()


def test_headers_that_drip_are_408(short_timeouts: Service) -> None:
    before = refused(short_timeouts, "request_timeout")
    with RawConnection(short_timeouts.server.port) as connection:
        drip(connection, get("/embed", "X-Long: " + "x" * 1000))
        assert connection.answer().error == (408, "request_timeout")
        assert connection.is_closed_by_server()
    assert refused(short_timeouts, "request_timeout") == before + 1


def test_a_body_that_ends_too_early_is_408_in_the_shape_of_the_dialect(short_timeouts: Service) -> None:
    routes = {"/embed": "error", "/v1/embeddings": "error", "/v2/embed": "message", "/tei/embed": "error_type"}
    for path, field in routes.items():
        before = short_timeouts.server.metric("duobento_requests_total", route=path, status="408")
        with RawConnection(short_timeouts.server.port) as connection:
            answer = connection.send(post(path, BODY)[:-1]).answer()
            assert answer.status == 408, path
            assert field in orjson.loads(answer.body), path
            assert answer.headers["connection"] == "close"
            assert connection.is_closed_by_server()
        assert short_timeouts.server.metric("duobento_requests_total", route=path, status="408") == before + 1


def test_a_body_that_drips_is_408(short_timeouts: Service) -> None:
    with RawConnection(short_timeouts.server.port) as connection:
        head, blank, body = post("/embed", BODY + b" " * 1000).partition(b"\r\n\r\n")
        connection.send(head + blank)
        drip(connection, body)
        assert connection.answer().error == (408, "request_timeout")


def test_a_body_that_drips_in_chunks_without_content_is_408(short_timeouts: Service) -> None:
    head = (
        b"POST /embed HTTP/1.1\r\nHost: heron\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with RawConnection(short_timeouts.server.port) as connection:
        connection.send(head)
        drip(connection, b"1;" + b"x" * 1000)
        assert connection.answer().error == (408, "request_timeout")


def test_a_request_that_was_answered_early_may_not_drip_on(short_timeouts: Service) -> None:
    with RawConnection(short_timeouts.server.port) as connection:
        answer = connection.send(post("/nowhere", BODY + b" " * 1000)[:-1000]).answer()
        assert answer.status == 404
        assert connection.is_closed_by_server()


def test_a_client_that_waits_for_100_continue_is_not_slow(short_timeouts: Service) -> None:
    with RawConnection(short_timeouts.server.port) as connection:
        head, blank, body = post("/embed", BODY, "Expect: 100-continue").partition(b"\r\n\r\n")
        connection.send(head + blank)
        assert connection.socket.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.send(body).answer().status == 200


def test_an_idle_connection_is_closed_after_its_time(short_timeouts: Service) -> None:
    with RawConnection(short_timeouts.server.port) as connection:
        assert connection.send(get("/live")).answer().status == 200
        assert connection.send(get("/live")).answer().status == 200
        assert connection.is_closed_by_server()


def test_a_client_that_does_not_read_its_answer_is_let_go_of(short_timeouts: Service) -> None:
    before = refused(short_timeouts, "slow_reader")
    texts = [f"heron {number}" for number in range(2000)]
    with RawConnection(short_timeouts.server.port, receive_buffer=4096) as connection:
        connection.send(post("/embed", orjson.dumps({"texts": texts})))
        wait_for(lambda: refused(short_timeouts, "slow_reader") == before + 1, "the connection is reset")


def test_a_client_that_waits_long_for_its_answer_is_not_slow(short_timeouts: Service) -> None:
    longest, texts = 0.0, 8
    while longest < 2 * TIMEOUT_SECONDS:
        started = time.monotonic()
        body = orjson.dumps({"texts": [f"{texts} {text}" for text in long_texts(texts)]})
        with RawConnection(short_timeouts.server.port) as connection:
            connection.send(post("/embed", body))
            wait_for(lambda: short_timeouts.server.metric("duobento_queue_tokens") > 0, "the request is admitted")
            # Blank lines after a request begin no other.
            assert connection.send(b"\r\n").answer().status == 200
        longest, texts = time.monotonic() - started, texts * 2
