"""A copy of this repository as a clone would have it, and the targets of its Makefile."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.http.server import ROOT, wait_for

TARGET_SECONDS = 600.0
_OWN = ("EMBED_", "RERANK_", "CACHE_", "SERVICE_", "QDRANT_", "MIGRATE_", "MAKE", "MFLAGS")


class Repository:
    """The files that git tracks, in a folder of their own, with this run's environment in the place of `.venv`.

    Args:
        folder: gets the files.
        home: BENTOML_HOME of all targets.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.home = home
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for name in listed.rstrip("\0").split("\0"):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)
        # Named to make as what a finished `make venv` leaves: newer than the locks, so that nothing is installed here.
        self._installed = folder / ".installed"
        self._installed.touch()

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs targets."""
        return ["make", "--no-print-directory", f"INSTALLED={self._installed}", *arguments]

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command: the clone's own, and nothing that the developer's shell has set."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        activated = {"PATH": f"{self.folder / '.venv' / 'bin'}:{os.environ['PATH']}"}
        return {**inherited, **activated, "BENTOML_HOME": str(self.home), "HF_HUB_OFFLINE": "1", **more}

    def make(self, *arguments: str, variables: Mapping[str, str] = MappingProxyType({}), code: int = 0) -> str:
        """What a target prints; it must end with this exit code."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.variables(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TARGET_SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    @contextmanager
    def started(self, command: Sequence[str], log: Path, shown: str) -> Iterator[None]:
        """A block during which a command runs, once it has shown these words; it ends as by Ctrl-C."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.variables({}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def has_shown() -> bool:
            assert process.poll() is None, log.read_text()
            return shown in log.read_text()

        try:
            wait_for(has_shown, f"{' '.join(command)} says {shown}", TARGET_SECONDS)
            yield
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(TARGET_SECONDS)
