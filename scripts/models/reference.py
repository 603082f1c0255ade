"""A model as sentence-transformers loads it: what the services have to give."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from tokenizers import AddedToken, Tokenizer
from transformers.utils import logging

from bentos.common.backends.interface import Kind, Outputs
from bentos.common.backends.torch_lengths import is_normalized
from bentos.common.models.profile import TOKENIZER_FILE, PromptName
from scripts.command import UsageError
from scripts.models.files.chat_template import applied_prompt
from scripts.models.files.facts import is_static, read_modules
from scripts.models.files.tokenizer import read_tokenizer, save_tokenizer
from scripts.models.refusals.unsupported import TEMPLATE_OF_ENCODER
from scripts.models.trial import Trial
from scripts.models.trial_texts import PAIRS, TEXTS, Part

_BATCH = 8


class Reference:
    """A model that was loaded by sentence-transformers in fp32.

    Args:
        folder: of the model.
        kind: what it is to be.
    """

    def __init__(self, folder: Path, kind: Kind) -> None:
        self._folder = folder
        self._kind = kind
        self._tokenizer_replaced = False
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # the command prints its own lines
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        loader = SentenceTransformer if kind == "encoder" else CrossEncoder
        self._model: Any = loader(
            str(folder), device="cpu", local_files_only=True, model_kwargs={"dtype": torch.float32}
        )
        self._model.eval()
        self._is_static = is_static(folder)
        if self._is_static:
            return
        self._transformer: Any = type(self._model[0].auto_model)
        self._config = self._model[0].config
        modalities: Any = self._model[0].modality_config
        self._has_template = "message" in modalities
        if self._has_template and kind == "encoder":
            raise UsageError(TEMPLATE_OF_ENCODER)

    @property
    def rows(self) -> int:
        """Of the table of words: token ids are below that."""
        table = self._model[0].embedding if self._is_static else self._model[0].auto_model.get_input_embeddings()
        rows: int = table.weight.shape[0]
        return rows

    def check_weights(self) -> None:
        """Refuse a folder that lacks weights, which would be random numbers; those of a static model are read by name.

        Raises:
            UsageError: with the first of them.
        """
        if self._is_static:
            return
        _, info = self._transformer.from_pretrained(
            str(self._folder), config=self._config, local_files_only=True, output_loading_info=True
        )
        # What pools for other tasks is not used by an encoder; a cross-encoder's head begins with it.
        missing = sorted(key for key in info["missing_keys"] if self._kind != "encoder" or "pooler." not in key)
        if missing:
            raise UsageError(
                f"The folder lacks {len(missing)} of the model's weights, such as {missing[0]}, which would be random "
                "numbers: it is damaged, or made for code of its own."
            )

    def match_tokenizer(self) -> None:
        """Replace `tokenizer.json` where it gives other token ids than the tokenizer that transformers builds.

        For a static model it builds none.

        Raises:
            UsageError: that tokenizer cannot be written.
        """
        if self._is_static:
            return
        built = self._model.tokenizer
        file = self._folder / TOKENIZER_FILE

        def differs() -> bool:
            stored = read_tokenizer(file)
            if _contents(stored.get_added_tokens_decoder()) != _contents(built.added_tokens_decoder):
                return True
            single = [encoding.ids for encoding in stored.encode_batch(list(TEXTS))]
            paired = [encoding.ids for encoding in stored.encode_batch(PAIRS)] if self._kind != "encoder" else []
            wanted = [built(text)["input_ids"] for text in TEXTS]
            return single != wanted or paired != [built(*pair)["input_ids"] for pair in PAIRS[: len(paired)]]

        if not differs():
            return
        backend = getattr(built, "backend_tokenizer", None)
        if isinstance(backend, Tokenizer):
            save_tokenizer(Tokenizer.from_str(backend.to_str()), file)
        if differs():
            raise UsageError(
                f"{TOKENIZER_FILE} gives other tokens than transformers, whose tokenizer cannot be stored."
            )
        self._tokenizer_replaced = True

    def trial(self, window: int) -> Trial:
        """What is known of the model now; `window` is the most tokens that its files allow."""
        limit = self._model.max_seq_length
        window = min(window, limit) if limit and limit > 0 else window
        if self._kind == "cross-encoder":
            prompt = applied_prompt(self._model, self._folder, window) if self._has_template else None
            return Trial(None, window, pair_prompt=prompt, tokenizer_replaced=self._tokenizer_replaced)
        pooling = next((module for module in self._model if type(module).__name__ == "Pooling"), None)
        self._model.truncate_dim = None
        return Trial(
            dimension=self._model.get_embedding_dimension(),
            window=window,
            normalized=is_normalized(self._model),
            include_prompt=getattr(pooling, "include_prompt", True),
            tokenizer_replaced=self._tokenizer_replaced,
            assumed_pooling=None if read_modules(self._folder) else getattr(pooling, "pooling_mode", None),
        )

    def outputs(self, part: Part, prompt: str, window: int, task: PromptName | None = None) -> Outputs:
        """Vectors of texts `[texts, dimension]`, or logits of pairs `[pairs, 1]`.

        Args:
            part: of the texts or pairs.
            prompt: put before each text.
            window: in tokens.
            task: of the texts; none is that of `encode`.
        """
        if self._is_static:
            self._model.tokenizer.enable_truncation(window)
        else:
            self._model.max_seq_length = window
        if self._kind == "encoder":
            tasks = {None: self._model.encode, "query": self._model.encode_query}
            vectors = tasks.get(task, self._model.encode_document)(
                list(part),
                prompt=prompt,
                batch_size=_BATCH,
                show_progress_bar=False,
                normalize_embeddings=is_normalized(self._model),
            )
            return np.asarray(vectors, np.float32)
        logits = self._model.predict(
            list(part), batch_size=_BATCH, activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return np.asarray(logits, np.float32).reshape(len(part), -1)

    def close(self) -> None:
        """Free the model."""
        del self._model


def _contents(added: dict[int, AddedToken]) -> dict[int, str]:
    return {number: token.content for number, token in added.items()}
