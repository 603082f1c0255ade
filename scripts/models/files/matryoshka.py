"""Lengths to which a model's vectors may be cut: those it was trained for (Matryoshka)."""

from collections.abc import Sequence
from pathlib import Path

from scripts.command import UsageError
from scripts.models.files.facts import read_json
from scripts.models.files.known_names import is_of_family

# Model cards that name sizes which config.json does not.
_KNOWN: list[tuple[str, tuple[int, ...]]] = [
    (r"nomic-embed-text-v1\.5", (64, 128, 256, 512)),
    (r"nomic-embed-text-v2-moe|modernbert-embed-(base|large)", (256,)),
    (r"mxbai-embed-large-v1|mxbai-embed-2d-large-v1", (64, 128, 256, 512)),
    (r"snowflake-arctic-embed-(m-v1\.5|[ml]-v2\.0)", (256,)),
    (r"embeddinggemma-300m", (128, 256, 512)),
    (r"qwen3-embedding-[\d.]+b", (32, 64, 128, 256, 512, 768, 1024, 2048)),
    (r"static-(retrieval-mrl-en|similarity-mrl-multilingual)-v1", (32, 64, 128, 256, 512)),
    (r"kalm-embedding-multilingual-mini-(instruct-)?v[\d.]+", (64, 128, 256, 512)),
]


def known_dimensions(model_id: str) -> tuple[int, ...]:
    """The lengths that a model's card names, where they are known here."""
    return next((sizes for family, sizes in _KNOWN if is_of_family(model_id, family)), ())


def read_dimensions(folder: Path, model_id: str, full: int, wanted: Sequence[int] | None) -> tuple[int, ...]:
    """All lengths below `full` that may be asked for, ascending.

    Args:
        folder: of the model.
        model_id: its name.
        full: length of the vectors as the model computes them.
        wanted: what the command line says; none leaves it to the files and to what is known of the model.

    Raises:
        UsageError: a wanted length is not below `full`.
    """
    if wanted is not None:
        if wrong := [size for size in wanted if not 0 < size < full]:
            raise UsageError(
                f"--dimensions {wrong[0]}: the model's vectors have {full}, so name sizes between 1 and that."
            )
        return tuple(sorted(set(wanted)))
    found = read_json(folder / "config.json").get("matryoshka_dimensions") or known_dimensions(model_id)
    return tuple(sorted({size for size in found if 0 < size < full}))
