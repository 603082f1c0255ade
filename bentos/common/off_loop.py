"""Work that would hold up the event loop is done beside it."""

import asyncio
from collections.abc import Callable, Collection, Sized
from typing import TypeVar

INLINE_CHARACTERS = 2000
# A text takes time of its own besides its characters' time.
_CHARACTERS_PER_TEXT = 20

Result = TypeVar("Result")


async def off_loop_if_long(texts: Collection[Sized], work: Callable[[], Result]) -> Result:
    """Do work on texts, or on lists of token ids: in another thread, unless handing it over would take longer."""
    size = sum(map(len, texts)) + _CHARACTERS_PER_TEXT * len(texts)
    return work() if size <= INLINE_CHARACTERS else await asyncio.to_thread(work)
