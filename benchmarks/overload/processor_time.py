"""What a load costs the service, and what it costs the generator, which shares its processors."""

import time

from benchmarks.served import Served


class ProcessorTime:
    """Processors that a service and this process use from now on.

    Args:
        service: a running service.
    """

    def __init__(self, service: Served) -> None:
        self._service = service
        self._wall, self._own, self._its = time.perf_counter(), time.process_time(), service.cpu_seconds()

    def figures(self) -> dict[str, float]:
        """Seconds since, and of how many processors each had the time."""
        seconds = time.perf_counter() - self._wall
        return {
            "seconds": round(seconds, 1),
            "service, processors": round((self._service.cpu_seconds() - self._its) / seconds, 3),
            "generator, processors": round((time.process_time() - self._own) / seconds, 3),
        }
