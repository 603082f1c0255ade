"""Two tiers as one: what the front has not is looked up in the back, and kept in the front."""

from collections.abc import Mapping, Sequence

from bentos.common.cache.interface import Cache, Key, Payload


class TieredCache:
    """A fast tier in front of a shared one."""

    def __init__(self, front: Cache, back: Cache) -> None:
        self._front = front
        self._back = back

    @property
    def failing(self) -> list[str]:
        """What either cannot do."""
        return [*self._front.failing, *self._back.failing]

    async def get_many(self, keys: Sequence[Key]) -> list[Payload | None]:
        """Look up all keys in the front, the rest in the back."""
        found = await self._front.get_many(keys)
        missing = [index for index, payload in enumerate(found) if payload is None]
        if not missing:
            return found
        news: dict[Key, Payload] = {}
        for index, payload in zip(missing, await self._back.get_many([keys[index] for index in missing]), strict=True):
            if payload is not None:
                found[index] = news[keys[index]] = payload
        if news:
            self._front.set_many(news)
        return found

    def set_many(self, entries: Mapping[Key, Payload]) -> None:
        """Keep payloads in both."""
        self._front.set_many(entries)
        self._back.set_many(entries)

    async def start(self) -> None:
        """Start both."""
        await self._front.start()
        await self._back.start()

    async def close(self) -> None:
        """Close both."""
        await self._front.close()
        await self._back.close()
