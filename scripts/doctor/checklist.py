"""Which checks there are, and running them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from scripts.bench.targets import GUIDE
from scripts.doctor.checks.cache import CacheReachable, HitRate
from scripts.doctor.checks.chunks import Chunks
from scripts.doctor.checks.clock import Clock
from scripts.doctor.checks.collection import Collection, Qdrant
from scripts.doctor.checks.first_byte import FirstByte
from scripts.doctor.checks.health import Health
from scripts.doctor.checks.input_types import InputTypes
from scripts.doctor.checks.keys import Keys
from scripts.doctor.checks.limits import Memory, Threads
from scripts.doctor.checks.ports import Port
from scripts.doctor.checks.prefixes import Prefixes
from scripts.doctor.checks.reachable import Reachable
from scripts.doctor.checks.ready import Ready
from scripts.doctor.checks.restart_policy import RestartPolicy
from scripts.doctor.finding import Check, Finding, NotChecked, Status
from scripts.doctor.service import Service

_ACCEPTABLE_MS = {target.name: target.acceptable_ms for target in GUIDE}


class Line(NamedTuple):
    """A check's finding."""

    subject: str
    check: str
    finding: Finding


def checklist(
    embed: Service, rerank: Service, qdrant: Qdrant, embed_container: str, rerank_container: str
) -> Iterator[Check]:
    """All checks of a deployment, service by service."""
    yield from _of_service(embed, embed_container, _ACCEPTABLE_MS["single-embedding"])
    yield Prefixes(embed)
    yield InputTypes(embed)
    yield Chunks(embed)
    yield Collection(embed, qdrant)
    yield from _of_service(rerank, rerank_container, _ACCEPTABLE_MS["rerank"])


def run(checks: Iterable[Check]) -> Iterator[Line]:
    """Run checks one after the other."""
    for check in checks:
        try:
            finding = check.run()
        except NotChecked as reason:
            finding = Finding(Status.NOT_CHECKED, str(reason), reason.advice)
        yield Line(check.subject, check.name, finding)


def _of_service(service: Service, container: str, acceptable_ms: float) -> Iterator[Check]:
    yield Reachable(service)
    yield Ready(service)
    yield Health(service)
    yield Keys(service)
    yield Port(service)
    yield CacheReachable(service)
    yield HitRate(service)
    yield Threads(service)
    yield Memory(service)
    yield RestartPolicy(service, container)
    yield FirstByte(service, acceptable_ms)
    yield Clock(service)
