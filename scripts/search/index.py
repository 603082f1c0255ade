"""Where nearest neighbours come from: a collection, or a sample of its texts embedded anew."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from scripts.command import UnreachableError, UsageError, reason
from scripts.migrate.checks import check_fields
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import layout_of
from scripts.migrate.sources.interface import PointId
from scripts.migrate.sources.qdrant import QdrantSource

_SERVER_ERROR = 500
_FIELDS_SAMPLE = 500  # points in which the template's fields are looked for


class Hit(NamedTuple):
    """A point that was found."""

    id: PointId
    payload: dict[str, Any]


class Index(Protocol):
    """Something that finds the nearest points."""

    size: int

    def search(self, vector: Sequence[float], top: int) -> list[Hit]:
        """The nearest points, best first."""


class Collection:
    """A vector of a collection.

    Args:
        vector: its name; an empty one is the only vector.

    Raises:
        UsageError: it has no such vector, or several.
    """

    def __init__(self, client: QdrantClient, name: str, vector: str) -> None:
        layout = layout_of(client.get_collection(name), vector)
        self.name = name
        self.size = layout.size
        self._client = client
        self._vector = layout.vector

    def search(self, vector: Sequence[float], top: int) -> list[Hit]:
        """The nearest points, as an application would search them."""
        found = self._client.query_points(
            self.name, query=list(vector), using=self._vector or None, limit=top, with_payload=True
        ).points
        return [Hit(point.id if isinstance(point.id, int) else str(point.id), point.payload or {}) for point in found]


class Sample:
    """Some points with vectors of a service, in memory; every point is compared, so the index costs nothing.

    Args:
        vectors: unit vectors [points, dimension].
    """

    def __init__(self, points: Sequence[Hit], vectors: NDArray[np.float32]) -> None:
        self._points = points
        self._vectors = vectors
        self.size = int(vectors.shape[1])

    def search(self, vector: Sequence[float], top: int) -> list[Hit]:
        """The points of the largest dot products."""
        products = self._vectors @ np.asarray(vector, np.float32)
        return [self._points[index] for index in np.argsort(-products, kind="stable")[:top]]


def points_of(client: QdrantClient, collection: str, template: Template | None = None) -> QdrantSource:
    """The points of a collection that is to be searched.

    Args:
        template: makes the texts that are reranked; without one nothing is.

    Raises:
        UsageError: there are none, or they do not have the template's fields, so that nothing would be reranked.
    """
    source = QdrantSource(client, collection)
    if not source.count():
        raise UsageError(f"{collection} is empty: there is nothing to find.")
    if template is not None:
        check_fields(template, source, _FIELDS_SAMPLE)
    return source


def refuse_another_size(index: Index, size: int, whose: str) -> None:
    """Refuse vectors that the index cannot be asked with.

    Raises:
        UsageError: it has vectors of another size.
    """
    if index.size != size:
        raise UsageError(f"{whose} {size} dimensions, and the vectors to be searched {index.size}.")


def engine(storage: Storage) -> str:
    """Title and version of the engine that finds the points: figures of one engine say little about another."""
    found = storage.client.info()
    return f"{found.title} {found.version}" if storage.folder is None else f"qdrant-client {found.version}, embedded"


@contextmanager
def searching(collection: str) -> Iterator[None]:
    """A block in which what Qdrant's client raises becomes a sentence.

    Raises:
        UsageError: the collection cannot be searched so.
        UnreachableError: Qdrant does not answer as it should.
    """
    try:
        yield
    except (ApiException, ValueError) as error:  # the embedded engine's own errors are of no other class
        status = error.status_code if isinstance(error, UnexpectedResponse) else None
        refused = isinstance(error, ValueError) or (status is not None and status < _SERVER_ERROR)
        kind = UsageError if refused else UnreachableError
        raise kind(f"{collection} cannot be searched in Qdrant: {reason(error)}.") from error
