"""Whether a request wants nothing to do with the cache."""

from typing import Annotated

from fastapi import Depends, Header


async def _no_store(
    cache_control: Annotated[
        str, Header(description="`no-store` computes everything anew and leaves nothing in the cache")
    ] = "",
) -> bool:
    return "no-store" in cache_control.lower()


NoStore = Annotated[bool, Depends(_no_store)]
"""Whether the request says `Cache-Control: no-store`."""
