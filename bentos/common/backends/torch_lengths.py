"""The lengths of the vectors that sentence-transformers computes."""

from sentence_transformers import SentenceTransformer

from bentos.common.backends.interface import SIMILARITIES_BY_LENGTH


def is_normalized(model: SentenceTransformer) -> bool:
    """Whether a model's vectors are served with unit length: all but those whose similarity is not the cosine."""
    return model.similarity_fn_name not in SIMILARITIES_BY_LENGTH or type(model[-1]).__name__ == "Normalize"
