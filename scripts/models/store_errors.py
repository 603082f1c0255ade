"""What is wrong with the model store, as what ends a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from bentos.common.models.store import ModelCorrupt, ModelNotInstalled, StoreUnusable
from scripts.command import CommandError, UsageError


@contextmanager
def store_errors() -> Iterator[None]:
    """A block in which models of the store are looked for.

    Raises:
        UsageError: a model is not installed, or there can be no store where it should be.
        CommandError: a model is corrupt.
    """
    try:
        yield
    except (ModelNotInstalled, StoreUnusable) as error:
        raise UsageError(str(error)) from error
    except ModelCorrupt as error:
        raise CommandError(str(error)) from error
