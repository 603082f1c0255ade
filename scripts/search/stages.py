"""The two stages of a search that the services do, each with its time."""

from collections.abc import Sequence
from enum import StrEnum

import orjson

from scripts.bench.client import Client
from scripts.bench.dialects import DIALECTS
from scripts.migrate.copy.template import Template
from scripts.migrate.sources.interface import PointId
from scripts.search.index import Hit

_NATIVE = DIALECTS["native"]


class Stage(StrEnum):
    """Part of a search."""

    EMBED = "embed"
    SEARCH = "search"
    RERANK = "rerank"


async def embed(client: Client, text: str) -> tuple[list[float], float]:
    """The vector of a query, and the seconds that it took.

    Raises:
        UnreachableError: the service did not answer.
    """
    reply = await client.send_or_raise(_NATIVE.embed_call([text]))
    return orjson.loads(reply.content)["embeddings"][0], reply.seconds


async def rerank(client: Client, query: str, hits: Sequence[Hit], template: Template) -> tuple[list[PointId], float]:
    """Ids in the reranker's order, those without a text last; and the seconds that it took.

    Raises:
        UnreachableError: the service did not answer.
    """
    texts = {hit.id: text for hit in hits if (text := template.render(hit.payload))}
    if not texts:
        return [hit.id for hit in hits], 0.0
    reply = await client.send_or_raise(_NATIVE.rerank_call(query, list(texts.values())))
    ids = list(texts)
    order = [ids[result["index"]] for result in orjson.loads(reply.content)["results"]]
    return [*order, *(hit.id for hit in hits if hit.id not in texts)], reply.seconds
