"""What goes wrong in production: stops under load, killed processes, too little memory, a replica that vanishes."""

import os
import signal

import httpx

from tests.gateway.nginx import CLOSED_PORT, DEPLOY
from tests.http.server import wait_for
from tests.http.services import EMBED, Kind
from tests.oci.conftest import NGINX
from tests.oci.engine import HARDENED, Container, Engine
from tests.oci.load import Load


def test_a_stop_during_load_fails_no_request(engine: Engine, images: dict[str, str], kind: Kind) -> None:
    port = 5555 if kind is EMBED else 5556
    options = (*HARDENED, "-p", f"127.0.0.1::{port}", "-e", "DRAIN_DELAY_SECONDS=5")
    with Container(engine, kind, images[kind.name], options) as container:
        container.wait_until_ready()
        url = container.url
        with Load(url + kind.path, kind.body("The heron waits."), ready_url=f"{url}/ready") as load:
            engine.run("stop", "-t", "40", container.name)
        assert set(load.answers) == {200}
        assert container.state["ExitCode"] == 0


def test_a_killed_service_returns_and_the_other_serves_meanwhile(pair: dict[str, Container]) -> None:
    embed, rerank = pair.values()
    killed = embed.state["Pid"]
    with Load(rerank.url + rerank.kind.path, rerank.kind.body("The heron waits.")) as load:
        os.kill(killed, signal.SIGKILL)
        wait_for(lambda: embed.state["Running"] and embed.state["Pid"] not in (0, killed), "the policy restarts it")
        embed.wait_until_ready()
    assert set(load.answers) == {200}
    assert embed.post("The heron waits.").status_code == 200


def test_the_policy_restarts_a_service_with_too_little_memory(engine: Engine, images: dict[str, str]) -> None:
    options = (*HARDENED, "--memory", "110m", "--memory-swap", "110m", "--restart", "on-failure:2")
    with Container(engine, EMBED, images[EMBED.name], options) as container:
        wait_for(lambda: engine.inspect("container", container.name)["RestartCount"] >= 1, "the policy restarts it")
        wait_for(
            lambda: (container.state["Status"], container.state["ExitCode"] != 0) == ("exited", True), "it gives up"
        )
        # It never got as far as its model; where the model alone is too large the log says so (tests/unit).
        assert "loaded in" not in container.log


def test_a_replica_killed_under_load_fails_no_request_behind_the_gateway(
    engine: Engine, images: dict[str, str], network: str, official_images: None
) -> None:
    assert official_images is None
    options = (*HARDENED, "--network", network, "--network-alias", "embed")
    replicas = [Container(engine, EMBED, images[EMBED.name], options, name=f"duobento-test-{n}") for n in (1, 2)]
    gateway = (
        *("--network", network, "--env-file", str(DEPLOY / "gateway.env")),
        *("-e", "EMBED_UPSTREAM=embed:5555", "-e", f"RERANK_UPSTREAM={CLOSED_PORT}"),
        *("-v", f"{DEPLOY}/default.conf.template:/etc/nginx/templates/default.conf.template:ro"),
        *("-p", "127.0.0.1::8080"),
    )
    with replicas[0], replicas[1]:
        for replica in replicas:
            replica.wait_until_ready()
        with Container(engine, EMBED, NGINX, gateway, name="duobento-test-gateway"):
            url = f"http://{engine.run('port', 'duobento-test-gateway', '8080')}"
            wait_for(lambda: _answers(f"{url}/live"), "the gateway answers")
            with Load(f"{url}/embed", EMBED.body("The heron waits.")) as load:
                os.kill(replicas[0].state["Pid"], signal.SIGKILL)
                wait_for(lambda: not replicas[0].state["Running"], "the replica is gone")
                load.wait_for_more(40)
            assert set(load.answers) == {200}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
