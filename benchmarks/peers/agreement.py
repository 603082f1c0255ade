"""Whether a server computes what the original computes: its vectors or scores against sentence-transformers'."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.contestants import HttpContestant
from benchmarks.peers.references import SentenceTransformersInProcess
from benchmarks.peers.requests import Documents, Texts
from bentos.common.models.store import InstalledModel

LEAST_COSINE = 0.98
LARGEST_DIFFERENCE = 0.05

_TEXTS = Texts(("a probe", "another, longer probe about music and logistics", "Berlin"))
_DOCUMENTS = Documents(
    "software engineer",
    ("John is a software engineer", "Mary is a chef", "Engineers of software write programs", "Berlin"),
)


class WrongAnswers(RuntimeError):
    """A server serves something else than the original."""


@dataclass(frozen=True)
class Original:
    """The original's answers.

    Attributes:
        numbers: unit vectors of an encoder, float32 `[texts, dimension]`, or sigmoid scores of a cross-encoder,
            float32 `[documents]`.
    """

    numbers: NDArray[np.float32]

    @classmethod
    def of(cls, original: InstalledModel) -> "Original":
        """Compute them; the model is dropped afterwards."""
        model = SentenceTransformersInProcess(original)
        return cls(model.vectors(_TEXTS) if original.profile.kind == "encoder" else model.scores(_DOCUMENTS))

    def cosine(self, server: HttpContestant) -> float:
        """Lowest cosine between a text's vector of the server and of the original.

        Raises:
            WrongAnswers: it is below `LEAST_COSINE`.
        """
        vectors = server.vectors(server.answer(_TEXTS).raise_for_status())
        lengths = np.linalg.norm(vectors, axis=1)
        lowest = float((np.sum(vectors * self.numbers, axis=1) / lengths).min())
        if not lowest >= LEAST_COSINE:
            raise WrongAnswers(f"its vectors are not the model's: cosine {lowest:.4f}")
        return lowest

    def difference(self, server: HttpContestant) -> float:
        """Largest difference between a document's score of the server and of the original.

        Raises:
            WrongAnswers: it is above `LARGEST_DIFFERENCE`.
        """
        scores = server.scores(server.answer(_DOCUMENTS).raise_for_status())
        largest = float(np.abs(scores - self.numbers).max())
        if not largest <= LARGEST_DIFFERENCE:
            raise WrongAnswers(f"its scores are not the model's: they differ by up to {largest:.3f}")
        return largest
