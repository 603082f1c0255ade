"""Too little memory, told from the other errors of libraries that load and write models."""

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.command import CommandError

# PyTorch on the CPU and OpenVINO have no class for it.
_SIGNS = ("can't allocate memory", "Cannot allocate memory", "std::bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _SIGNS)


@contextmanager
def memory_errors() -> Iterator[None]:
    """A block, or a function, that may take more memory than there is.

    Raises:
        CommandError: It did.
    """
    try:
        yield
    except CommandError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise CommandError("There is too little memory to load the model: raise the memory limit.") from error
        raise
