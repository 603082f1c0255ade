"""A folder of files on a Ray cluster: a task for each file."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scripts.command import CommandError
from scripts.embed.job import Job, Task
from scripts.embed.run import Outcome, try_to_embed
from scripts.migrate.copy.ray_engine import cluster, load_ray

_ATTEMPTS = 5  # of a task whose worker or node is lost


def embed_on_ray(tasks: Sequence[Task], job: Job, address: str) -> Iterator[tuple[Task, Outcome | CommandError]]:
    """Outcomes as files are done, or why one could not be embedded.

    Raises:
        UsageError: Ray is not installed.
    """
    ray = load_ray()
    with cluster(ray, address):
        remote = ray.remote(num_cpus=1, max_retries=_ATTEMPTS)(_embed_on_worker)
        waiting = {remote.remote(_absolute(task), job): task for task in tasks}
        while waiting:
            done, _ = ray.wait(list(waiting))
            for reference in done:
                yield waiting.pop(reference), ray.get(reference)


def _absolute(task: Task) -> Task:
    """The task for a worker, whose working directory may be another."""
    return replace(task, source=task.source.absolute(), output=task.output.absolute())


def _embed_on_worker(task: Task, job: Job) -> Outcome | CommandError:
    return asyncio.run(try_to_embed(task, job, lambda _: None))
