"""One install at a time in one model store: two would convert the same model, and meet while they store it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bentos.common.models.store import models_folder


@contextmanager
def only_install(say: Callable[[str], None]) -> Iterator[None]:
    """A block that no other process is in; it waits for one that is, after a line that says so."""
    home = models_folder().parent
    with (home / ".install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another install is at work in {home}: this one goes on when it is done.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
