"""What is measured of one running service, each as a dictionary of figures."""

import asyncio
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.clients import Clients
from benchmarks.overload import outcomes as arithmetic
from benchmarks.overload.loads import TRIES, Phase, Saturation, arrivals, latencies, offer, recover, saturate
from benchmarks.overload.outcomes import OK, REFUSALS, Outcome
from benchmarks.overload.plan import Plan
from benchmarks.overload.processor_time import ProcessorTime
from benchmarks.overload.requests import prepared, single
from benchmarks.probing import probed
from benchmarks.served import Served
from bentos.common.models.store import InstalledModel

_DIFFERENT = 1024
_IDLE_REQUESTS = 30
_RECOVERED = 1.2
"""Times the idle latency."""
_RECOVERY_PATIENCE_SECONDS = 60.0
_WARM_UP_SECONDS = 3.0
_HOPELESS = {"X-Request-Timeout": "0.001"}


class Bench:
    """Loads for one running service.

    Args:
        service: a running service.
        model: the model that it serves.
        plan: how much is measured.
    """

    def __init__(self, service: Served, model: InstalledModel, plan: Plan) -> None:
        self._service, self._plan = service, plan
        self._requests = prepared(service.url, model, _DIFFERENT)
        self._mean_tokens = sum(request.tokens for request in self._requests) / len(self._requests)
        self._single = single(service.url, model)
        self._hopeless = single(service.url, model, _HOPELESS)

    async def saturated(self, warm_up: float = _WARM_UP_SECONDS) -> Saturation:
        """The rate to which all others are compared."""
        clients = Clients(self._service.url)
        found = await saturate(
            clients,
            self._requests,
            at_once=self._plan.clients,
            seconds=self._plan.saturation_seconds,
            warm_up=warm_up,
        )
        await clients.close()
        if not found.tokens_per_second:
            raise RuntimeError(f"The service answered none of {self._plan.clients} clients: {found.statuses}")
        return found

    async def overload(self) -> dict[str, Any]:
        """More than the service can do, between two measurements of what it can do."""
        plan = self._plan
        clients = Clients(self._service.url, plan.patience)
        before = await self.saturated()
        idle = median(await latencies(clients, self._single, _IDLE_REQUESTS))
        phases = [Phase(self._rate(before.tokens_per_second * plan.times), plan.seconds)]
        due = arrivals(phases)
        with probed(self._service.url) as probes:
            used = ProcessorTime(self._service)
            load = asyncio.create_task(offer(clients, self._requests, due))
            await asyncio.sleep(plan.seconds)
            shares = used.figures()
            back = await recover(clients, self._single, idle * _RECOVERED, _RECOVERY_PATIENCE_SECONDS)
            seen = await load
        after = await self.saturated()
        await clients.close()
        rate = (before.tokens_per_second + after.tokens_per_second) / 2
        windows = arithmetic.goodput_by_window(seen, plan.seconds)
        return {
            "saturated tokens/s before": round(before.tokens_per_second),
            "saturated tokens/s after": round(after.tokens_per_second),
            "saturated requests/s before": round(before.requests_per_second, 1),
            "offered, of the saturated rate": round(arithmetic.offered(seen, 0, plan.seconds) / rate, 2),
            "requests": len(seen),
            "goodput, of the saturated rate": round(arithmetic.goodput(seen, 0, plan.seconds) / rate, 3),
            "goodput of each ten seconds": [round(window / rate, 2) for window in windows],
            "statuses": arithmetic.statuses(seen),
            "answers: p50 ms": arithmetic.percentile_ms(seen, 50, frozenset({OK})),
            "answers: p99 ms": arithmetic.percentile_ms(seen, 99, frozenset({OK})),
            "refusals: p50 ms": arithmetic.percentile_ms(seen, 50, REFUSALS),
            "refusals: p99 ms": arithmetic.percentile_ms(seen, 99, REFUSALS),
            "probes": probes.figures(),
            "idle: p50 ms": round(idle * 1000, 2),
            "idle latency again after seconds": None if back is None else round(back, 1),
            **shares,
            "sent late, p99 ms": round(_lag_ms(seen), 1),
        }

    async def refusals(self, seconds: float = 3.0, at_once: int = 8) -> dict[str, Any]:
        """What it costs to refuse a request that cannot be answered in time: one that allows a millisecond."""
        clients = Clients(self._service.url)
        used = ProcessorTime(self._service)
        found = await saturate(clients, [self._hopeless], at_once=at_once, seconds=seconds, warm_up=0.0, pause=0.0)
        figures = used.figures()
        count = sum(found.statuses.values())
        await clients.close()
        return {
            "statuses": {str(status): number for status, number in found.statuses.items()},
            "refusals/s": round(count / figures["seconds"]),
            "service, CPU ms a refusal": round(figures["service, processors"] * figures["seconds"] / count * 1000, 3),
            "generator, CPU ms a refusal": round(
                figures["generator, processors"] * figures["seconds"] / count * 1000, 3
            ),
        }

    async def sweep(self) -> list[dict[str, Any]]:
        """Goodput against offered load."""
        plan = self._plan
        rate = (await self.saturated()).tokens_per_second
        steps = []
        for number, times in enumerate(plan.sweep):
            clients = Clients(self._service.url, plan.patience)
            due = arrivals([Phase(self._rate(rate * times), plan.sweep_seconds)], seed=number)
            seen = await offer(clients, self._requests, due, seed=number)
            begin = min(plan.patience, plan.sweep_seconds / 2)
            steps.append(
                {
                    "offered, of the saturated rate": round(
                        arithmetic.offered(seen, begin, plan.sweep_seconds) / rate, 2
                    ),
                    "goodput, of the saturated rate": round(
                        arithmetic.goodput(seen, begin, plan.sweep_seconds) / rate, 2
                    ),
                    "answers: p99 ms": arithmetic.percentile_ms(seen, 99, frozenset({OK})),
                    "statuses": arithmetic.statuses(seen),
                }
            )
            await clients.close()
        return steps

    async def burst(self) -> dict[str, Any]:
        """A burst, then half the saturated rate: how many of those who do as `Retry-After` says are let in."""
        plan = self._plan
        rate = (await self.saturated()).tokens_per_second
        clients = Clients(self._service.url, plan.patience)
        phases = [
            Phase(self._rate(rate * plan.times), plan.burst_seconds),
            Phase(self._rate(rate / 2), plan.after_seconds),
        ]
        seen = await offer(clients, self._requests, arrivals(phases), some_obey=True)
        await clients.close()
        of_burst = [one for one in seen if one.due < plan.burst_seconds]
        obedient = [one for one in seen if one.obedient]
        obedient_of_burst = [one for one in of_burst if one.obedient]
        return {
            "clients that came in the burst and obey": len(obedient_of_burst),
            "of these let in after 1, 2, 3 tries": _shares(obedient_of_burst),
            "of all that obey let in after 1, 2, 3 tries": _shares(obedient),
            "of those of the burst that do not try again": _shares([one for one in of_burst if not one.obedient])[0],
            "how those that were never let in ended": arithmetic.statuses(
                [Outcome(0, 0, statuses=[one.status]) for one in obedient_of_burst if one.status != OK]
            ),
            "last answer after seconds": round(max(one.ended for one in seen), 1),
            "statuses": arithmetic.statuses(seen),
        }

    def _rate(self, tokens_per_second: float) -> float:
        """Requests per second."""
        return tokens_per_second / self._mean_tokens


def _shares(outcomes: Sequence[Outcome]) -> list[float]:
    return [round(share, 3) for share in arithmetic.let_in(outcomes, TRIES)] if outcomes else [0.0] * TRIES


def _lag_ms(outcomes: Sequence[Outcome]) -> float:
    return sorted(one.lag for one in outcomes)[int(len(outcomes) * 0.99)] * 1000
