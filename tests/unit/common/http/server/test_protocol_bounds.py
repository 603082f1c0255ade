"""What one client sends takes a bounded part of the event loop, of the connections and of the memory."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bentos.common.http.server.connection_limits import RESERVED_CONNECTIONS
from bentos.common.settings import ServerSettings
from tests.hostile.prober import Prober
from tests.hostile.raw_http import RawConnection, get, post
from tests.http.server import wait_for
from tests.unit.common.http.server.protocol_server import ProtocolServer

CHUNKED = b"POST /count HTTP/1.1\r\nHost: heron\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
MEBIBYTE = 1024 * 1024
WORST_SECONDS = 2.0
MAX_CONNECTIONS = 8


@pytest.fixture
def server() -> Iterator[ProtocolServer]:
    with ProtocolServer() as running:
        yield running


@pytest.fixture
def crowded() -> Iterator[ProtocolServer]:
    with ProtocolServer(max_connections=MAX_CONNECTIONS) as running:
        yield running


def chunks(data: bytes, number: int) -> bytes:
    """This chunk so many times, and the end of the body."""
    return b"%x\r\n%s\r\n" % (len(data), data) * number + LAST_CHUNK


def test_bodies_in_chunks_of_one_byte_delay_no_probe(server: ProtocolServer) -> None:
    request = CHUNKED + chunks(b" ", 200_000)
    with ExitStack() as stack, Prober(server.port, paths=("/live",)) as prober:
        senders = [stack.enter_context(RawConnection(server.port)) for _ in range(12)]
        threads = [threading.Thread(target=sender.send, args=[request]) for sender in senders]
        for thread in threads:
            thread.start()
        answers = [sender.answer() for sender in senders]
        for thread in threads:
            thread.join()
    assert {(answer.status, answer.body) for answer in answers} == {(200, b"200000")}
    assert prober.statuses == {200}
    assert prober.worst_seconds < WORST_SECONDS


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 1024, 8191, 8192, 8193, 65536])
def test_chunks_of_any_size_arrive_whole_and_the_next_request_too(server: ProtocolServer, size: int) -> None:
    number = min(50_000, MEBIBYTE // size)
    with RawConnection(server.port) as connection:
        connection.send((CHUNKED + chunks(b"x" * size, number)) * 2 + get("/live"))
        answers = [connection.answer() for _ in range(3)]
    assert [answer.body for answer in answers] == [str(size * number).encode()] * 2 + [b"0"]


def test_the_chunks_of_one_read_come_together(server: ProtocolServer) -> None:
    with RawConnection(server.port) as connection:
        assert connection.send(CHUNKED + chunks(b"x", 20_000)).answer().body == b"20000"
    assert server.body_parts < 100


def test_a_client_that_leaves_amid_tiny_chunks_is_forgotten(server: ProtocolServer) -> None:
    with RawConnection(server.port) as connection:
        connection.send(CHUNKED + b"1\r\nx\r\n" * 40_000)
    wait_for(lambda: server.left == ["/count"], "the request has learnt it")
    assert server.connections == 0


@pytest.mark.parametrize(
    "sent", [b"", b"GET /live HT", post("/count", b"x" * 100)[:-99]], ids=["silent", "head", "body"]
)
def test_a_probe_finds_a_place_among_connections_without_progress(crowded: ProtocolServer, sent: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS + RESERVED_CONNECTIONS + 20):
            stack.enter_context(RawConnection(crowded.port)).send(sent)
            with RawConnection(crowded.port) as probe:
                assert probe.send(get("/live")).answer().status == 200
        assert crowded.connections <= MAX_CONNECTIONS + RESERVED_CONNECTIONS + 1


def test_a_body_that_pauses_makes_room_when_connections_are_scarce(crowded: ProtocolServer) -> None:
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            stack.enter_context(RawConnection(crowded.port)).send(post("/count", b"x" * 100)[:-99])
        wait_for(lambda: crowded.connections < MAX_CONNECTIONS, "there is room", seconds=20)


def test_a_request_that_is_answered_is_not_evicted(crowded: ProtocolServer) -> None:
    with ExitStack() as stack, RawConnection(crowded.port) as busy:
        busy.send(get("/wait"))
        wait_for(lambda: crowded.started == ["/wait"], "it has begun")
        for _ in range(2 * (MAX_CONNECTIONS + RESERVED_CONNECTIONS)):
            stack.enter_context(RawConnection(crowded.port))
        assert crowded.left == []


def test_all_requests_of_a_connection_learn_that_their_client_has_left(
    server: ProtocolServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), RawConnection(server.port) as connection:
        connection.send(get("/wait") + get("/count") + get("/count"))
        wait_for(lambda: server.started == ["/wait"], "the first has begun")
        connection.socket.close()
        wait_for(lambda: server.connections == 0, "the connection is closed")
        wait_for(lambda: server.left == ["/wait"], "the first has learnt it")
    assert server.started == ["/wait"]
    assert not caplog.records


@pytest.mark.parametrize("declared", [500_000_000, 10], ids=["an endless body", "more than declared"])
def test_little_of_what_comes_after_the_answer_is_read(server: ProtocolServer, declared: int) -> None:
    head = f"POST /refuse HTTP/1.1\r\nHost: heron\r\nContent-Length: {declared}\r\n\r\n"
    with RawConnection(server.port) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        connection.send(head)
        sent = 0
        try:
            while sent < 512 * MEBIBYTE:
                sent += connection.socket.send(b"x" * 65536)
        except OSError:
            pass
        assert sent < 2 * ServerSettings().max_body_bytes + 16 * MEBIBYTE, "the kernel's buffers and what is discarded"
        assert connection.answer().status == 401


def test_a_connection_goes_on_after_a_refused_body_of_an_ordinary_client(server: ProtocolServer) -> None:
    with RawConnection(server.port) as connection:
        request = post("/refuse", b"x" * (ServerSettings().max_body_bytes + 1))
        assert connection.send(request).answer().status == 401
        assert connection.send(request).answer().status == 401
        assert connection.send(get("/live")).answer().status == 200
