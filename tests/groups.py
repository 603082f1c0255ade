"""How tests are spread over the workers of pytest-xdist: those that share a costly fixture run in one of them.

The plain services, `embed` and `rerank`, are used by most tests and start in every worker. Any other test belongs to
its module, or to the services of `SHARED` that it uses, whatever module it is in. Groups begin in the order of their
first test; a free worker takes the next.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SHARED = (
    "behind_redis",
    "conversions",
    "e5",
    "embed_behind_redis",
    "frail",
    "frail_embed",
    "frail_rerank",
    "guarded",
    "impatient",
    "images",
    "keyed",
    "locked",
    "locked_embed",
    "locked_rerank",
    "observed",
    "rerank_behind_redis",
    "set_otherwise",
)
"""Fixtures that cost seconds, are made once per session and are used by several modules."""

IN_PROCESS_OPENVINO = ("conversion", "backends")
"""Folders of tests with OpenVINO in their own process; one that forks and sends itself signals crashed after them."""


_FILE: pytest.StashKey[Path] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        descriptor, file = tempfile.mkstemp(prefix="test-groups-")
        os.close(descriptor)
        config.stash[_FILE] = Path(file)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _FILE in config.stash:
        config.stash[_FILE].unlink(missing_ok=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker begins: it is told where the group of each test is written down."""
    node.workerinput["groups_file"] = str(node.config.stash[_FILE])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "_Scheduling":
    return _Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    groups = _Groups()
    for item in items:
        groups.join(item)
    items.sort(key=_place)
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    if worker.get("workerid") == "gw0":  # all collect the same; the tests begin when all have
        Path(worker["groups_file"]).write_text(json.dumps({item.nodeid: groups.name(item) for item in items}))


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker that is free the next group, in the order of their first tests.

    The same as xdist's own `--dist loadgroup`, whose version 3.8 goes unnoticed past what pytest 9 calls a test.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._groups: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not self._groups:
            self._groups = json.loads(self.config.stash[_FILE].read_text())
        return self._groups[nodeid]


def _place(item: pytest.Item) -> int:
    """Where a test comes: containers first, so that no worker is left with their minutes in the end; OpenVINO last."""
    if any(part in item.path.parts for part in IN_PROCESS_OPENVINO):
        return 2
    return 0 if "images" in getattr(item, "fixturenames", ()) else 1


class _Groups:
    """Sets of fixtures that some test uses together, merged where they meet."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def join(self, item: pytest.Item) -> None:
        """Merge the groups of all fixtures that a test uses."""
        first, *others = _shared(item)
        for other in others:
            self._parents[self._root(other)] = self._root(first)

    def name(self, item: pytest.Item) -> str:
        """Name of the group of a test."""
        return self._root(_shared(item)[0])

    def _root(self, name: str) -> str:
        while (parent := self._parents.get(name, name)) != name:
            name = parent
        return name


def _shared(item: pytest.Item) -> list[str]:
    """The shared fixtures of a test, each with its parameter; those of a test without any are its module."""
    callspec = getattr(item, "callspec", None)
    parameters = callspec.params if callspec else {}
    found = []
    for fixture in getattr(item, "fixturenames", ()):
        if fixture in SHARED:
            parameter = parameters.get(fixture)
            found.append(parameter if parameter in SHARED else f"{fixture} {getattr(parameter, 'name', '')}".strip())
    return sorted(found) or [item.nodeid.partition("::")[0]]
