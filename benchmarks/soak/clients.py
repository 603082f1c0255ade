"""Clients of a soak: well-behaved ones at random moments, and among them some that leave, dawdle or send nonsense."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from benchmarks.clients import Answer, Clients
from benchmarks.overload.outcomes import OK
from benchmarks.soak.mix import Mix

_SATURATION_CLIENTS = 8
_PAUSE_SECONDS = 0.2
_LEAVING, _WRONG, _SLOW = 0.05, 0.05, 0.01
"""Shares of the clients."""
_LEAVE_AFTER_SECONDS = 0.02
_SLOW_PIECES = 20
_SLOW_PAUSE_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0
Seen = Counter[str]


async def saturated(url: str, mix: Mix, seconds: float) -> float:
    """Requests per second that clients get which wait for their answers."""
    loop = asyncio.get_running_loop()
    clients = Clients(url, _PATIENCE_SECONDS)
    end = loop.time() + seconds
    answered = 0

    async def client() -> None:
        nonlocal answered
        while loop.time() < end:
            if (await clients.ask(mix.next())).status == OK:
                answered += 1
            else:  # refusals cost both sides, and are not what is measured
                await asyncio.sleep(_PAUSE_SECONDS)

    await asyncio.gather(*(client() for _ in range(_SATURATION_CLIENTS)))
    await clients.close()
    if not answered:
        raise RuntimeError(f"{url} answered none of {_SATURATION_CLIENTS} clients within {seconds:g} seconds.")
    return answered / seconds


async def soak(url: str, mix: Mix, rate: float, seconds: float, seed: int = 0) -> Seen:
    """Send requests at random moments, `rate` a second; counts statuses by kind of client."""
    loop = asyncio.get_running_loop()
    source = random.Random(seed)
    patient, leaving = Clients(url, _PATIENCE_SECONDS), Clients(url, _LEAVE_AFTER_SECONDS)
    seen: Seen = Counter()
    slow: set[asyncio.Task[None]] = set()

    def count(kind: str) -> Callable[[Answer], None]:
        return lambda answer: seen.update([f"{kind} {answer.status}"])

    moment = end = loop.time()
    end += seconds
    while (moment := moment + source.expovariate(rate)) < end:
        await asyncio.sleep(max(0.0, moment - loop.time()))
        kind = source.random()
        if kind < _LEAVING:
            leaving.send(mix.next(), count("leaving"))
        elif kind < _LEAVING + _WRONG:
            patient.send(mix.next_wrong(), count("wrong"))
        elif kind < _LEAVING + _WRONG + _SLOW:
            task = loop.create_task(_send_slowly(patient, mix.next(), seen))
            slow.add(task)
            task.add_done_callback(slow.discard)
        else:
            patient.send(mix.next(), count("good"))
    await asyncio.gather(*slow)
    await asyncio.sleep(1)
    await patient.close()
    await leaving.close()
    return seen


async def _send_slowly(clients: Clients, content: bytes, seen: Seen) -> None:
    """Send a request in pieces over some seconds, and read its answer."""
    writer: asyncio.StreamWriter | None = None
    try:
        reader, writer = await asyncio.open_connection(clients.host, clients.port)
        piece = len(content) // _SLOW_PIECES + 1
        for start in range(0, len(content), piece):
            writer.write(content[start : start + piece])
            await asyncio.sleep(_SLOW_PAUSE_SECONDS)
        status = (await asyncio.wait_for(reader.readline(), _PATIENCE_SECONDS)).split()[1:2]
        seen.update([f"slow {status[0].decode() if status else 'no answer'}"])
    except (OSError, TimeoutError) as error:
        seen.update([f"slow {type(error).__name__}"])
    finally:
        if writer is not None:
            writer.transport.abort()


async def abandon(url: str, request: bytes, rate: float, seconds: float) -> int:
    """Open connections at an even rate, send a small request on each and close it at once; returns how many."""
    loop = asyncio.get_running_loop()
    clients = Clients(url)
    sent = 0

    async def leave() -> None:
        nonlocal sent
        try:
            transport, _ = await loop.create_connection(asyncio.Protocol, clients.host, clients.port)
        except OSError:
            return
        transport.write(request)
        transport.close()
        sent += 1

    begin = loop.time()
    async with asyncio.TaskGroup() as leaving:
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, begin + number / rate - loop.time()))
            leaving.create_task(leave())
    return sent
