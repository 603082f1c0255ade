"""Does the Qdrant collection hold vectors of the served model?"""

from dataclasses import dataclass

from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ApiException
from qdrant_client.models import CollectionConfig, Distance, VectorParams

from scripts.command import reason
from scripts.doctor.finding import Finding, NotChecked, failure, ok, warning
from scripts.doctor.service import Service
from scripts.qdrant import folder_of, server_client

MODEL_KEYS = ("model", "model_id", "embedding_model")
"""Fields of a collection's metadata that may name the model of its vectors."""


@dataclass(frozen=True)
class Qdrant:
    """Where a collection is.

    Attributes:
        url: that of a server, or a folder of the embedded engine.
    """

    collection: str | None
    url: str | None = None
    api_key: str | None = None

    def config(self) -> CollectionConfig:
        """The collection's configuration.

        Raises:
            NotChecked: if none is configured.
            ValueError: if there is no such collection.
            OSError, ApiException: if Qdrant does not answer.
            RuntimeError: if another process has the folder open.
        """
        if not self.url:
            raise NotChecked("No Qdrant is configured.", "Give --qdrant-url (QDRANT_URL) or --qdrant-path.")
        if not self.collection:
            raise NotChecked("No collection is configured.", "Give --collection.")
        folder = folder_of(self.url)
        if folder and not folder.is_dir():
            raise OSError(f"{folder} is not a directory")
        client = QdrantClient(path=str(folder)) if folder else server_client(self.url, self.api_key)
        try:
            return client.get_collection(self.collection).config
        finally:
            client.close()


@dataclass(frozen=True)
class Collection:
    """Dimension, distance and, where the collection names it, model are those of embed-service."""

    embed: Service
    qdrant: Qdrant
    name = "collection"
    subject = "Qdrant"

    def run(self) -> Finding:
        """Compare the collection with `/health`."""
        try:
            config = self.qdrant.config()
        except (ApiException, ValueError, RuntimeError, OSError) as error:
            return failure(
                f"The collection {self.qdrant.collection} cannot be read: {reason(error)}.",
                "Correct --qdrant-url or --collection, or start Qdrant.",
            )
        dimension, model = self.embed.health.get("dimension"), self.embed.health.get("model")
        vectors = config.params.vectors
        fitting = [vector for vector in _all(vectors) if vector.size == dimension]
        if not fitting:
            sizes = ", ".join(str(vector.size) for vector in _all(vectors))
            found = f"has vectors of {sizes} dimensions" if sizes else "has no dense vectors"
            return failure(
                f"{self.qdrant.collection} {found}, {model} makes {dimension}.",
                "Embed the collection anew with the served model, or serve the model it was made with.",
            )
        return self._compare_model(config, str(model), fitting[0])

    def _compare_model(self, config: CollectionConfig, model: str, vector: VectorParams) -> Finding:
        metadata = config.metadata or {}
        made_with = next((metadata[key] for key in MODEL_KEYS if key in metadata), None)
        if made_with and made_with != model:
            return failure(
                f"{self.qdrant.collection} was made with {made_with}, but {model} is served.",
                "Vectors of two models do not compare: embed anew, or serve the model it was made with.",
            )
        if vector.distance not in (Distance.COSINE, Distance.DOT):
            return warning(
                f"{self.qdrant.collection} compares by {vector.distance.value}.",
                "The vectors have unit length: Cosine or Dot is what they are made for.",
            )
        known = f"made with {made_with}" if made_with else "its model is not recorded"
        return ok(f"{self.qdrant.collection} has vectors of {vector.size} dimensions, as the service makes; {known}.")


def _all(vectors: VectorParams | dict[str, VectorParams] | None) -> list[VectorParams]:
    return [] if vectors is None else [vectors] if isinstance(vectors, VectorParams) else list(vectors.values())
