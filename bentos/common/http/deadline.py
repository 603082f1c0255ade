"""Until when a request may take."""

import asyncio
from typing import Annotated

from fastapi import Depends, Header, Request


async def _deadline(
    request: Request,
    x_request_timeout: Annotated[
        float | None,
        Header(gt=0, description="Seconds after which the caller stops waiting; the answer is then 504"),
    ] = None,
) -> float:
    limit: float = request.app.state.request_timeout_seconds
    seconds = limit if x_request_timeout is None else min(limit, x_request_timeout)
    return asyncio.get_running_loop().time() + seconds


Deadline = Annotated[float, Depends(_deadline)]
"""Event loop time, in seconds, at which the request expires."""
