"""The progress bar, or a line now and then where there is no terminal."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS = 10.0


class ProgressBar:
    """Points written, rate, time that remains, and failures.

    Args:
        total: points of the whole run.
        done: points that an earlier run has written.
        write: takes lines where there is no terminal.
        noun: what is counted.
    """

    def __init__(self, total: int, done: int, write: Callable[[str], None], noun: str = "points") -> None:
        self._noun = noun
        self.written = 0
        self.failed = 0
        self.tokens = 0
        self._total = total
        self._done = done
        self._write = write
        self._started = self._line_at = time.monotonic()
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{{task.fields[rate]:.0f}} {noun}/s"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]} failed"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("embedding", total=max(total, 1), completed=done, rate=0.0, failed=0)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return max(time.monotonic() - self._started, 1e-9)

    def advance(self, points: int, failed: int, tokens: int) -> None:
        """Add points that were written and failed, and tokens that were embedded."""
        self.written += points
        self.failed += failed
        self.tokens += tokens
        rate = (self.written + self.failed) / self.seconds
        self._bar.update(self._task, advance=points + failed, rate=rate, failed=self.failed)
        if self._bar.disable and time.monotonic() - self._line_at > _LINE_EVERY_SECONDS:
            self._line_at = time.monotonic()
            reached = self._done + self.written + self.failed
            left = max(self._total - reached, 0) / rate if rate else 0
            self._write(
                f"{reached} of {self._total} {self._noun}, {rate:.0f}/s, {left:.0f} s left, {self.failed} failed"
            )
