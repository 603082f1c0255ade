"""The manifests: valid by Kubernetes' own schemas, and started for real by podman."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bentos.common.work_options import Lane
from scripts.free_port import free_port
from tests.http.server import ROOT, START_SECONDS, wait_for
from tests.http.services import Kind, Service
from tests.monitoring.names import names_in
from tests.oci.engine import Engine

OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"
WAIT = "duobento_expected_wait_seconds"
# Their operators publish them as CustomResourceDefinitions, which no package holds.
WITHOUT_SCHEMA = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}


def rendered(folder: Path) -> list[dict[str, Any]]:
    command = [str(Path(sys.executable).parent / "kubectl"), "kustomize", str(folder)]
    return list(yaml.safe_load_all(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def manifests(overlay: str) -> list[dict[str, Any]]:
    return rendered(OVERLAYS / overlay)


def scaled(by: str, folder: Path) -> list[dict[str, Any]]:
    """The overlay for processors with a component of `deploy/kubernetes/scaling`."""
    paths = (OVERLAYS / "cpu", OVERLAYS.parent / "scaling" / by)
    overlay, component = (os.path.relpath(path.resolve(), folder.resolve()) for path in paths)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [overlay], "components": [component]}))
    return rendered(folder)


def check(found: list[dict[str, Any]], folder: Path) -> None:
    """Those that have a schema of Kubernetes' are valid by it."""
    file = folder / "manifests.yaml"
    known = [manifest for manifest in found if manifest["kind"] not in WITHOUT_SCHEMA]
    file.write_text(yaml.safe_dump_all(known))
    command = [str(Path(sys.executable).parent / "kubernetes-validate"), "--strict", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (checked.stdout + checked.stderr).count("passed") == len(known) >= 9


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_manifests_are_valid(overlay: str, tmp_path: Path) -> None:
    check(manifests(overlay), tmp_path)


def test_replicas_may_follow_the_expected_wait(tmp_path: Path) -> None:
    found = scaled("expected-wait", tmp_path)
    check(found, tmp_path)
    scalers = [manifest for manifest in found if manifest["kind"] == "HorizontalPodAutoscaler"]
    metrics = [metric["pods"]["metric"] for scaler in scalers for metric in scaler["spec"]["metrics"]]
    assert metrics == [{"name": WAIT, "selector": {"matchLabels": {"lane": Lane.INTERACTIVE.value}}}] * 2
    adapter = yaml.safe_load((OVERLAYS.parent / "scaling/expected-wait/prometheus-adapter-values.yaml").read_text())
    [rule] = adapter["rules"]["custom"]
    assert names_in(rule["seriesQuery"]) == {WAIT}


def test_keda_may_scale_by_the_expected_wait(tmp_path: Path) -> None:
    found = scaled("keda", tmp_path)
    check(found, tmp_path)
    assert "HorizontalPodAutoscaler" not in {manifest["kind"] for manifest in found}
    deployments = [manifest["metadata"]["name"] for manifest in found if manifest["kind"] == "Deployment"]
    scalers = [manifest["spec"] for manifest in found if manifest["kind"] == "ScaledObject"]
    assert [scaler["scaleTargetRef"]["name"] for scaler in scalers] == deployments
    for scaler, name in zip(scalers, deployments, strict=True):
        [trigger] = scaler["triggers"]
        assert names_in(trigger["metadata"]["query"]) == {WAIT}
        assert f'job="{name}", lane="{Lane.INTERACTIVE.value}"' in trigger["metadata"]["query"]


def test_both_services_tell_the_expected_wait(embed: Service, rerank: Service) -> None:
    for service in (embed, rerank):
        assert service.server.metric(WAIT, lane=Lane.INTERACTIVE.value) >= 0


def test_a_service_monitor_finds_both_services() -> None:
    [monitor] = [manifest for manifest in manifests("cpu") if manifest["kind"] == "ServiceMonitor"]
    services = [manifest for manifest in manifests("cpu") if manifest["kind"] == "Service"]
    labels = monitor["spec"]["selector"]["matchLabels"].items()
    [endpoint] = monitor["spec"]["endpoints"]
    found = [service for service in services if labels <= service["metadata"]["labels"].items()]
    assert {service["metadata"]["name"] for service in found} == {"embed-service", "rerank-service"}
    assert all(endpoint["port"] == port["name"] for service in found for port in service["spec"]["ports"])


def test_the_cluster_has_the_same_alerts() -> None:
    [rule] = [manifest for manifest in manifests("cpu") if manifest["kind"] == "PrometheusRule"]
    alerts = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text())
    assert rule["spec"] == alerts


def test_a_rollout_needs_no_free_gpu() -> None:
    deployments = [manifest for manifest in manifests("gpu") if manifest["kind"] == "Deployment"]
    assert len(deployments) == 2
    for deployment in deployments:
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}


def test_labelled_clients_of_every_namespace_may_call() -> None:
    policies = [manifest for manifest in manifests("cpu") if manifest["kind"] == "NetworkPolicy"]
    clients = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"duobento-client": "true"}}}
    assert len(policies) == 2
    for policy in policies:
        [rule] = policy["spec"]["ingress"]
        assert clients in rule["from"]


def test_a_probe_may_be_late_but_not_later_than_the_next_one() -> None:
    deployments = [manifest for manifest in manifests("cpu") if manifest["kind"] == "Deployment"]
    assert len(deployments) == 2
    for deployment in deployments:
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        for probe in (container[f"{name}Probe"] for name in ("startup", "readiness", "liveness")):
            assert 2 <= probe["timeoutSeconds"] <= probe["periodSeconds"]


@pytest.fixture
def pod(engine: Engine, images: dict[str, str], kind: Kind, tmp_path: Path) -> Iterator[str]:
    """Name of the container that podman makes of a Deployment; only the image's tag and its port here are changed."""
    if engine.program != "podman":
        pytest.skip("only podman starts Kubernetes' manifests")
    deployments = {m["metadata"]["name"]: m for m in manifests("cpu") if m["kind"] == "Deployment"}
    deployment = deployments[kind.name]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{kind.name}:latest"
    container["image"] = f"localhost/{images[kind.name]}"
    [port] = container["ports"]
    port["hostPort"] = free_port()  # podman would take the container's own, which `make serve` may have
    file = tmp_path / "deployment.yaml"
    file.write_text(yaml.safe_dump(deployment))
    engine.run("play", "kube", str(file))
    names = engine.run("ps", "-a", "--filter", f"name={kind.name}", "--format", "{{.Names}}").splitlines()
    [name] = [name for name in names if name.startswith(f"{kind.name}-pod")]
    yield name
    engine.run("play", "kube", "--down", str(file))


def test_a_deployment_runs(engine: Engine, kind: Kind, pod: str) -> None:
    port = 5555 if kind.name == "embed-service" else 5556
    ready = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:{port}/ready').status)"

    def is_ready() -> bool:
        return engine.run("exec", pod, "python", "-c", ready, check=False) == "200"

    wait_for(is_ready, f"{pod} is ready", START_SECONDS)
    assert engine.run("exec", pod, "id", "-u") == "1034"
    state = engine.inspect("container", pod)
    assert state["HostConfig"]["ReadonlyRootfs"] is True
    assert state["HostConfig"]["Memory"] == {"embed-service": 6, "rerank-service": 4}[kind.name] * 2**30
