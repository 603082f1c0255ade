"""What embed-service says of its model."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class ServiceInfo:
    """The part of `/info` that clients need.

    Attributes:
        window: tokens that the model takes.
        max_texts: that one request may have.
    """

    model: str
    revision: str
    dimension: int
    window: int
    max_texts: int

    @classmethod
    def read(cls, answer: Any) -> Self:
        """From the JSON of an answer.

        Raises:
            KeyError, TypeError, ValueError: it is not that of embed-service.
        """
        return cls(
            model=answer["model"],
            revision=str(answer["revision"]),
            dimension=int(answer["dimension"]),
            window=int(answer["max_tokens"]),
            max_texts=int(answer["limits"]["max_texts"]),
        )
