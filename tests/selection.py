"""What `make test` leaves out and `make test-all` runs, decided by markers; both say at their end what did not run.

A test is marked by hand (`pytestmark = pytest.mark.ray`) or by a fixture that it uses, directly or not.
"""

import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

EXTENDED = {
    "browser": "a browser: Chromium",
    "containers": "containers: docker or podman, and images that are built",
    "endurance": "endurance: the same work again and again, for minutes",
    "frameworks": "the clients of LangChain, LlamaIndex, Haystack, litellm and chromadb: make client-packages",
    "fuzz": "requests generated from the OpenAPI documents",
    "index": "a package index",
    "make": "targets of make, run in a copy of the repository",
    "models": "models: installed, converted, compared with their originals",
    "node": "Node.js and npm",
    "packages": "bentos and distributions: built, and served outside the repository",
    "prometheus": "Prometheus, which collects for some seconds",
    "ray": "a Ray cluster",
    "torch": "PyTorch as the backend, which is for GPUs and for models that are not converted",
    "tools": "the command-line tools at work: migration, embed, evaluate, bench, doctor",
}
"""Markers of the tests that `make test` leaves out, and what they need; each of them has the marker `extended`, too."""

OF_FIXTURES = {
    "browser": "browser",
    "engine": "containers",
    "node": "node",
    "prometheus": "prometheus",
    "qdrant_url": "tools",
}
"""Fixtures whose tests have a marker."""

BASIC = "not extended"
"""What `make test` selects by."""

LEAST_FREE_BYTES = 2 * 2**30

_MARKED_MODULE = re.compile(rf"^pytestmark = pytest\.mark\.({'|'.join(EXTENDED)})$", re.MULTILINE)
_TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)
_LEFT_OUT: pytest.StashKey[Counter[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="A skipped test makes the run fail, as in CI.")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LEFT_OUT] = Counter()
    config.addinivalue_line("markers", "extended: has one of the markers that follow; `make test` leaves it out")
    for marker, what in EXTENDED.items():
        config.addinivalue_line("markers", f"{marker}: {what}")


def pytest_sessionstart(session: pytest.Session) -> None:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES and not _is_worker(session.config):
        pytest.exit(
            f"{folder} has {free / 2**30:.1f} GiB left and the tests need {LEAST_FREE_BYTES / 2**30:.0f}: "
            "make room, or set TMPDIR to a folder with more.",
            returncode=pytest.ExitCode.USAGE_ERROR,
        )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make test` imports no module of which it runs nothing, and no conftest.py of a folder of such modules."""
    if config.option.markexpr != BASIC:
        return None
    modules = _modules(collection_path)
    left_out = [(marked[1], source) for source in modules if (marked := _MARKED_MODULE.search(source))]
    if not modules or len(left_out) < len(modules):
        return None
    for marker, source in left_out:
        config.stash[_LEFT_OUT][marker] += len(_TEST.findall(source))
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in OF_FIXTURES:
                item.add_marker(OF_FIXTURES[fixture])
        if _markers(item):
            item.add_marker("extended")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Each worker imports all modules of which it may run tests, so a slow import costs seconds of every run."""
    slow = {"matplotlib", "scipy", "sentence_transformers", "sklearn", "torch"} & sys.modules.keys()
    if slow and session.config.option.markexpr == BASIC:
        raise pytest.UsageError(f"A module imports {', '.join(sorted(slow))}: import it in the tests that use it.")


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        item.config.stash[_LEFT_OUT].update(_markers(item)[:1])


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    config = session.config
    if _is_worker(config):
        left_out = config.stash[_LEFT_OUT]
        config.workeroutput["left_out"] = dict(left_out)  # type: ignore[attr-defined]
    elif config.option.no_skips and _skipped(config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """A worker of pytest-xdist has ended; each has collected the same tests."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    counted: dict[str, int] = getattr(node, "workeroutput", {}).get("left_out", {})
    config.stash[_LEFT_OUT] = Counter(counted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out, skipped = config.stash[_LEFT_OUT], _skipped(config)
    if not left_out and not skipped:
        return
    terminalreporter.section("left out")
    for marker, count in sorted(left_out.items()):
        terminalreporter.line(f"{_tests(count)}: {EXTENDED[marker]} (make test-all, or pytest -m {marker})")
    for reason, count in sorted(skipped.items()):
        terminalreporter.line(f"{_tests(count)}: {reason}", yellow=True)
    if skipped and config.option.no_skips:
        terminalreporter.line("Every test must run here: install what is missing.", red=True)


def _modules(path: Path) -> list[str]:
    """Sources of the test modules at a path; none for a folder that has folders of its own."""
    if path.is_file():
        return [path.read_text()] if path.match("test_*.py") else []
    if any(entry.is_dir() and entry.name != "__pycache__" for entry in path.iterdir()):
        return []
    return [module.read_text() for module in path.glob("test_*.py")]


def _markers(item: pytest.Item) -> list[str]:
    """Those of `EXTENDED` that a test has, in their order."""
    return [marker for marker in EXTENDED if item.get_closest_marker(marker)]


def _skipped(config: pytest.Config) -> Counter[str]:
    """How many tests were skipped for each reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)


def _tests(count: int) -> str:
    return f"{count:>4} test{'s' if count > 1 else ' '}"


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
