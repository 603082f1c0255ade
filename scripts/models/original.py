"""The torch original of a model, in fp32: what conversions start from and are compared with."""

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from transformers.utils import logging

from bentos.common.models.store import InstalledModel

Original = SentenceTransformer | CrossEncoder


def load_original(installed: InstalledModel) -> Original:
    """Load an installed torch artefact on the CPU, in fp32 whatever its file holds."""
    # The command prints its own lines.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    loader = SentenceTransformer if installed.profile.kind == "encoder" else CrossEncoder
    model: Original = loader(
        str(installed.path), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32}
    )
    return model
