"""What an install that is refused or stopped leaves in the store: what was there before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bentos.common.models.store import list_installed, remove


@contextmanager
def left_as_it_was(home: Path | None = None) -> Iterator[None]:
    """A block that no other process installs beside; if it fails or is stopped, what is new in the store is removed."""
    before = {model.tag for model in list_installed(home)[0]}
    try:
        yield
    except BaseException:  # Ctrl-C, too
        for model in list_installed(home)[0]:
            if model.tag not in before:
                remove(model, home)
        raise
