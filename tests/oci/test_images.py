"""What is in the images, and that they run with nothing but a processor and memory."""

from bentos.common.version import VERSION
from tests.http.server import wait_for
from tests.http.services import EMBED, Kind
from tests.oci.engine import HARDENED, Container, Engine

NOUNS = {"embed-service": "embedding model", "rerank-service": "reranker model"}


def test_an_image_says_what_it_is(engine: Engine, images: dict[str, str], kind: Kind) -> None:
    config = engine.inspect("image", images[kind.name])["Config"]
    port = 5555 if kind is EMBED else 5556
    assert config["ExposedPorts"].keys() == {f"{port}/tcp"}
    assert config["User"] == "1034:1034"
    assert config["Labels"]["org.opencontainers.image.title"] == kind.name
    assert config["Labels"]["org.opencontainers.image.version"] == VERSION


def test_an_image_holds_no_pytorch_and_no_build_tools(engine: Engine, images: dict[str, str], kind: Kind) -> None:
    code = "from importlib.util import find_spec; print([n for n in ('torch', 'transformers', 'uv') if find_spec(n)])"
    assert engine.run("run", "--rm", "--entrypoint", "python", images[kind.name], "-c", code) == "[]"


def test_an_image_starts_hardened_and_without_a_network(engine: Engine, images: dict[str, str], kind: Kind) -> None:
    with Container(engine, kind, images[kind.name], (*HARDENED, "--network", "none", "--memory", "1g")) as container:
        wait_for(lambda: container.status_inside("/live") == 200, "the service lives")
        container.wait_until_ready()
        status = container.python("print(open('/proc/1/status').read())")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert facts["Uid"].split() == ["1034"] * 4
        assert int(facts["CapBnd"], 16) == int(facts["CapEff"], 16) == 0
        assert facts["NoNewPrivs"] == "1"
        write = "try: open('/app/written', 'w')\nexcept OSError as error: print(error.strerror)"
        assert container.python(write) == "Read-only file system"
        assert container.status_inside("/health") == 200
        assert engine.run("healthcheck", "run", container.name) == "" or engine.program == "docker"
        assert f"Loading {NOUNS[kind.name]}: {kind.model}" in container.log
        assert "Embedding model loaded in " if kind.name == "embed-service" else "Reranker loaded in " in container.log
        engine.run("stop", "-t", "40", container.name)
        assert container.state["ExitCode"] == 0


def test_services_answer_by_port_and_by_name(pair: dict[str, Container]) -> None:
    for container in pair.values():
        assert container.post("The heron waits.").status_code == 200
    code = "import urllib.request as r; print(r.urlopen('http://embed-service:5555/health').status)"
    assert pair["rerank-service"].python(code) == "200"


def test_limits_are_seen_by_the_services(pair: dict[str, Container]) -> None:
    code = (
        "import sys; sys.path.insert(0, '/app/bento/src'); "
        "from bentos.common.resources import cpu_limit, memory_limit; print(cpu_limit(), memory_limit())"
    )
    assert pair["embed-service"].python(code) == f"1 {2 * 2**30}"
    assert pair["rerank-service"].python(code) == f"1 {2**30}"
