"""Streams: what calls of a backend may run at a time."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from bentos.common.backends.interface import Backend, Infer


@dataclass(frozen=True, slots=True)
class Stream:
    """One call of the backend at a time.

    Attributes:
        executor: has a thread for it.
        infer: the call.
        reserved: whether it is for short interactive work beside that of the others, with which it competes.
    """

    executor: Executor
    infer: Infer
    reserved: bool = False


def streams_of(backend: Backend, executor: ThreadPoolExecutor, count: int) -> Iterator[Stream]:
    """All streams of a backend, the reserved one last, if there is one.

    Args:
        backend: a loaded model.
        executor: one thread per stream, on one of which the backend was loaded. OpenMP keeps a team of threads for
            every thread that ever used it, and when all teams together outnumber the processors none of them spins.
        count: streams besides the reserved one.
    """
    for _ in range(count):
        yield Stream(executor, backend.infer)
    if backend.infer_reserved:
        yield Stream(ThreadPoolExecutor(1, thread_name_prefix="reserved"), backend.infer_reserved, reserved=True)
