"""How tests are spread over the workers of pytest-xdist: those that share a costly fixture run in one of them.

The plain services, `embed` and `rerank`, are used by most tests and start in every worker. Any other test belongs to
its module, or to the services of `SHARED` that it uses, whatever module it is in. Groups begin in the order of their
first test; a free worker takes the next.
"""

import pytest

SHARED = (
    "converted",
    "e5",
    "frail",
    "frail_embed",
    "frail_rerank",
    "guarded",
    "images",
    "keyed",
    "locked",
    "locked_embed",
    "locked_rerank",
    "observed",
)
"""Fixtures that cost seconds, are made once per session and are used by several modules."""

IN_PROCESS_OPENVINO = ("conversion", "backends")
"""Folders of tests with OpenVINO in their own process; one that forks and sends itself signals crashed after them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    groups = _Groups()
    for item in items:
        groups.join(item)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups.name(item)))
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    """Where a test comes: slow ones first, so that no worker is left with one in the end; OpenVINO last."""
    if any(part in item.path.parts for part in IN_PROCESS_OPENVINO):
        return 2
    return 0 if item.get_closest_marker("slow") else 1


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
