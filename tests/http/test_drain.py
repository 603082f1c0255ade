"""Work that is not wanted any more is dropped; work that was accepted is finished, also when the service stops."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.hostile.raw_http import RawConnection, get
from tests.http.server import ANSWER_SECONDS, STOP_SECONDS, Server, wait_for
from tests.http.services import QUICK_STOP, Kind, Service, long_texts, running

DRAIN_DELAY = {"DRAIN_DELAY_SECONDS": "3"}
"""Long enough for a few probes on a busy machine."""


def test_sigterm_during_load_fails_no_request(kind: Kind, home: Path, tmp_path: Path) -> None:
    """And both readiness probes say no from then on, as they did while the service was loading."""
    with (
        running(kind, kind.serving | DRAIN_DELAY, home=home, log=tmp_path / "log") as service,
        ThreadPoolExecutor(9) as clients,
    ):
        server = service.server
        assert (service.early["/ready"].status_code, service.early["/readyz"].status_code) == (503, 503)
        assert server.client.get("/readyz").status_code == 200
        bulk = clients.submit(
            httpx.post,
            server.url + kind.path,
            json=kind.body(*long_texts(60), priority="bulk"),
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        wait_for(lambda: server.metric("duobento_queue_tokens") > 0, "the bulk request is admitted")
        steady = [clients.submit(_send_until_told_to_leave, server, kind) for _ in range(8)]
        before = server.metric("duobento_requests_total", route=kind.path, status="200")
        wait_for(
            lambda: server.metric("duobento_requests_total", route=kind.path, status="200") > before + 8,
            "requests are answered",
        )

        server.send_sigterm()
        wait_for(lambda: _status(server, "/ready") == 503, "readiness is withdrawn")
        assert server.client.get("/ready").json()["failing"] == ["not_draining"]
        assert server.client.get("/live").status_code == 200
        with RawConnection(server.port) as new:
            readyz = new.send(get("/readyz")).answer()
        assert (readyz.status, json.loads(readyz.body)["failing"]) == (503, ["not_draining"])

        assert bulk.result().status_code == 200
        assert {status for client in steady for status in client.result()} == {200}
        assert server.process.wait(STOP_SECONDS) == 0
        assert "Stopped" in server.log


def test_no_connection_is_reset_when_the_port_closes(kind: Kind, home: Path, tmp_path: Path) -> None:
    with (
        running(kind, kind.lean | QUICK_STOP, home=home, log=tmp_path / "log") as service,
        ThreadPoolExecutor(16) as clients,
    ):
        steady = [
            clients.submit(_send_until_refused, service.server.port, kind, keep_open=bool(number % 2))
            for number in range(16)
        ]
        wait_for(
            lambda: service.server.metric("duobento_requests_total", route=kind.path, status="200") > 50,
            "requests are answered",
        )
        service.server.send_sigterm()
        assert {status for client in steady for status in client.result()} == {200}
        assert service.server.process.wait(STOP_SECONDS) == 0


def test_what_cannot_be_finished_in_time_is_answered_with_503(kind: Kind, home: Path, tmp_path: Path) -> None:
    settings = kind.lean | QUICK_STOP | {"DRAIN_TIMEOUT_SECONDS": "0.2"}
    with running(kind, settings, home=home, log=tmp_path / "log") as service, ThreadPoolExecutor(1) as clients:
        bulk = clients.submit(service.post_with, {}, *long_texts(200))
        wait_for(lambda: service.server.metric("duobento_queue_tokens") > 0, "the bulk request is admitted")
        service.server.send_sigterm()
        assert bulk.result().status_code == 503
        assert bulk.result().headers["Retry-After"] == "1"
        assert service.server.process.wait(STOP_SECONDS) == 0


def test_the_queued_work_of_a_client_that_leaves_is_dropped(service: Service) -> None:
    before = service.server.metric("duobento_dropped_items_total")
    with service.busy():
        pass
    assert service.server.metric("duobento_dropped_items_total") > before
    assert service.server.metric("duobento_queue_tokens") == 0
    wait_for(
        lambda: service.server.metric("duobento_requests_total", route=service.kind.path, status="499") > 0,
        "the client that left is counted",
    )


def test_a_small_request_is_answered_before_the_bulk_that_came_first(service: Service) -> None:
    with service.busy():
        assert service.post("heron").status_code == 200
        assert service.server.metric("duobento_queue_tokens") > 0, "the engine ran out of work too early"


def test_the_queue_takes_requests_again_once_it_has_room(frail: Service) -> None:
    with frail.busy():
        assert frail.post("heron").status_code == 429
    assert frail.post("heron").status_code == 200


def _send_until_told_to_leave(server: Server, kind: Kind) -> list[int]:
    """Send requests one after another until an answer asks to close the connection; returns their statuses."""
    statuses = []
    with httpx.Client(base_url=server.url, timeout=ANSWER_SECONDS, trust_env=False) as client:
        leave = False
        while not leave:
            answer = client.post(kind.path, json=kind.body("How does a heron hunt?"))
            statuses.append(answer.status_code)
            leave = answer.headers.get("Connection") == "close"
    return statuses


def _send_until_refused(port: int, kind: Kind, *, keep_open: bool) -> list[int]:
    """Send requests, each on a new connection unless it is kept open, until none can be made; returns statuses."""
    statuses: list[int] = []
    content = json.dumps(kind.body("How does a heron hunt?"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    while True:
        if connection.sock is None:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return statuses
        connection.request("POST", kind.path, content, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        if not keep_open:
            connection.close()


def _status(server: Server, path: str) -> int | None:
    answer = server.probe(path)
    return None if answer is None else answer.status_code
