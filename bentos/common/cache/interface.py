"""The interface between the cached engine and where payloads are kept."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

Key: TypeAlias = bytes
"""Digest of a row, as `RowHasher` makes it."""
Payload: TypeAlias = bytes
"""A row's outputs, as `RowCodec` writes them; all of one service have the same length."""


class Cache(Protocol):
    """One tier, or several behind one another. No method raises, whatever the tier meets: a fault is a miss."""

    @property
    def failing(self) -> list[str]:
        """What the cache cannot do at the moment: `look-up`, `store`."""

    async def get_many(self, keys: Sequence[Key]) -> list[Payload | None]:
        """Look up all keys; the result has their order, with none for what is not there.

        Args:
            keys: all different.
        """

    def set_many(self, entries: Mapping[Key, Payload]) -> None:
        """Keep payloads. Returns at once; a tier that takes time stores them in the background, or drops them."""

    async def start(self) -> None:
        """Begin work in the background. Returns at once, also when a server cannot be reached."""

    async def close(self) -> None:
        """End it, and what connects to elsewhere."""
