import pytest

from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.environments import versions
from benchmarks.peers.peer import Peer


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.requirements], ids=lambda peer: peer.name)
def test_the_versions_that_the_report_names_are_pinned(peer: Peer) -> None:
    assert peer.requirements
    pinned = versions(peer.requirements)
    assert {name.lower() for name in peer.versions} <= pinned.keys()


def test_an_environment_has_the_packages_of_the_file_that_it_adds_to() -> None:
    assert versions("vllm-zentorch").items() > versions("vllm").items()
