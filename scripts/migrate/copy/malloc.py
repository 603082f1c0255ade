"""Memory of the process."""

import ctypes
import sys

_M_ARENA_MAX = -8


def share_one_heap() -> None:
    """Let all threads use one heap (mallopt(3), `M_ARENA_MAX`).

    Else glibc gives threads heaps of their own, and what a batch took on one is kept there while the next batch grows
    another, so that memory rises for as long as a run lasts. Another C library is left as it is.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
