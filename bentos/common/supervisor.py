"""The process of BentoML's that starts a service's worker again whenever it ends.

It imports the service as the worker does. Left alone it starts a worker whose model cannot be loaded for ever, and
shows a trace when its port is taken.
"""

import atexit
import logging
import os
import signal
import sys
from types import TracebackType
from typing import NoReturn

from bentos.common.shutdown import exit_process

_PID = "DUOBENTO_SUPERVISOR_PID"
_CANNOT_BIND = "Could not bind "


def is_serving() -> bool:
    """Whether `bentoml serve` runs here, by the handler of its log, rather than a build or a test."""
    return any(handler.name == "tracehandler" for handler in logging.getLogger().handlers)


def prepare() -> None:
    """In BentoML's own process, hear when the worker gives up, and say in one line that a port is taken."""
    if _of_this_worker():
        return
    os.environ[_PID] = str(os.getpid())
    signal.signal(signal.SIGUSR1, _end)
    taken = _TakenPort()
    logging.getLogger("circus").addFilter(taken)
    sys.excepthook = taken.excepthook


def give_up() -> NoReturn:
    """End the worker and what would start it again, with exit code 1: the next start would fail as this one did."""
    if supervisor := _of_this_worker():
        os.kill(supervisor, signal.SIGUSR1)
    exit_process()


def _of_this_worker() -> int | None:
    supervisor = os.environ.get(_PID)
    return int(supervisor) if supervisor == str(os.getppid()) else None


def _end(_: int, __: object) -> None:
    atexit.register(_exit_with_1)
    os.kill(os.getpid(), signal.SIGTERM)


def _exit_with_1() -> None:
    logging.shutdown()
    os._exit(1)


class _TakenPort(logging.Filter):
    """Makes a sentence of the line that circus logs before its error leaves the process, and leaves the error out."""

    def __init__(self) -> None:
        super().__init__()
        self._said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Let one line through."""
        message = record.getMessage()
        if message.startswith(_CANNOT_BIND):
            again, self._said = self._said, True
            address = message.removeprefix(_CANNOT_BIND)
            reason = os.strerror(error.errno) if isinstance(error := sys.exc_info()[1], OSError) and error.errno else ""
            record.msg = (
                f"Cannot listen on {address} ({reason}): stop what uses the port, or choose another with --port."
            )
            record.args = None
            return not again
        return True

    def excepthook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """As `sys.excepthook`."""
        if not (self._said and isinstance(error, OSError)):
            sys.__excepthook__(kind, error, trace)
