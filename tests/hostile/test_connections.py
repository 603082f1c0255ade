"""There are only so many connections, and some of them are kept for probes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bentos.common.http.server.connection_limits import RESERVED_CONNECTIONS
from tests.hostile.conftest import MAX_CONNECTIONS
from tests.hostile.raw_http import RawConnection, get, post
from tests.http.server import wait_for
from tests.http.services import Service

BODY = b'{"text": "heron"}'
PROBES = ("/live", "/ready", "/health", "/metrics")


def connections(service: Service) -> int:
    """How many are open, those of the test's own client and of this question among them."""
    with RawConnection(service.server.port) as connection:
        lines = connection.send(get("/metrics")).answer().body.decode().splitlines()
    return next(int(float(line.split()[1])) for line in lines if line.startswith("duobento_connections "))


@contextmanager
def held(service: Service, number: int) -> Iterator[list[RawConnection]]:
    """A block with this many connections, each busy sending a body; none but these when it begins."""
    wait_for(lambda: connections(service) == 1, "all connections are closed")
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            connection = stack.enter_context(RawConnection(service.server.port))
            opened.append(connection.send(post("/embed", BODY)[:-1]))
        wait_for(lambda: connections(service) == number + 1, "all connections are open")
        yield opened


def test_the_service_counts_its_connections_so_our_protocol_is_in_use(embed: Service, rerank: Service) -> None:
    for service in (embed, rerank):
        with RawConnection(service.server.port):
            wait_for(lambda server=service.server: server.metric("duobento_connections") >= 2, "it is counted")  # type: ignore[misc]


def test_beyond_the_cap_only_probes_are_answered(crowded: Service) -> None:
    with held(crowded, MAX_CONNECTIONS) as opened:
        for path in PROBES:
            with RawConnection(crowded.server.port) as connection:
                answer = connection.send(get(path)).answer()
                assert (answer.status, answer.headers["connection"]) == (200, "close")
                assert connection.is_closed_by_server()
        with RawConnection(crowded.server.port) as connection:
            answer = connection.send(post("/embed", BODY)).answer()
            assert answer.error == (503, "too_many_connections")
            assert answer.headers["retry-after"] == "1"
            assert connection.is_closed_by_server()
        assert [connection.send(BODY[-1:]).answer().status for connection in opened] == [200] * MAX_CONNECTIONS


def test_a_connection_beyond_the_cap_is_answered_once_there_is_room(crowded: Service) -> None:
    with held(crowded, MAX_CONNECTIONS) as opened, RawConnection(crowded.server.port) as late:
        # Room for the late one and for the last question after it, whose end the server may see a little later.
        for connection in opened[:2]:
            connection.socket.close()
        wait_for(lambda: connections(crowded) <= MAX_CONNECTIONS, "there is room")
        assert late.send(post("/embed", BODY)).answer().status == 200


def test_idle_and_silent_connections_make_room_for_others(crowded: Service) -> None:
    with ExitStack() as stack:
        for number in range(MAX_CONNECTIONS + RESERVED_CONNECTIONS // 2):
            connection = stack.enter_context(RawConnection(crowded.server.port))
            if number % 2:
                connection.send(get("/live"))
        wait_for(lambda: crowded.post("heron").status_code == 200, "there is room")


def test_beyond_the_reserve_the_connection_longest_without_progress_makes_room(crowded: Service) -> None:
    with held(crowded, MAX_CONNECTIONS) as opened, ExitStack() as stack:
        for _ in range(RESERVED_CONNECTIONS):
            stack.enter_context(RawConnection(crowded.server.port))
        with RawConnection(crowded.server.port) as probe:
            assert probe.send(get("/live")).answer().status == 200
        assert opened[0].answer().error == (408, "request_timeout")


def test_refusals_are_counted_by_reason(crowded: Service) -> None:
    wait_for(lambda: connections(crowded) <= MAX_CONNECTIONS, "there is room")
    for reason in ("too_many_connections", "evicted"):
        assert crowded.server.metric("duobento_connections_refused_total", reason=reason) > 0
