"""The chat template of a cross-encoder, as sentence-transformers applies it to pairs."""

from pathlib import Path
from typing import Any

from sentence_transformers import CrossEncoder

from bentos.common.engine.pairs import pair_format
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.profile import TOKENIZER_FILE, PairPrompt
from scripts.command import UsageError
from scripts.models.files.pair_prompts import read_pair_prompt
from scripts.models.files.tokenizer import read_tokenizer
from scripts.models.rows import pair_rows
from scripts.models.trial_texts import PAIRS, TEXTS

_ENDLESS = 2**20
"""Tokens of a window in which nothing is cut."""
_FEW = 4


def applied_prompt(model: CrossEncoder, folder: Path, window: int) -> PairPrompt:
    """The prompt of a model's pairs: their tokens are those that sentence-transformers makes of them.

    Args:
        model: as it was loaded.
        folder: with the tokenizer that will be served.
        window: most tokens.

    Raises:
        UsageError: the template cannot be cut so that they are, or takes too much of the window.
    """
    template = _ChatTemplate(model)
    tokenizer = read_tokenizer(folder / TOKENIZER_FILE)
    prompt = read_pair_prompt(template.text, lambda text: tokenizer.encode(text, add_special_tokens=False).ids)
    endless = Tokenizer(tokenizer, _ENDLESS)
    taken = _ENDLESS - pair_format(endless, prompt).content_limit
    if taken > window // 2:
        raise UsageError(f"Its prompt takes {taken} tokens, more than half of the window of {window}.")
    swapped = [(document, query) for query, document in PAIRS]
    tries: list[tuple[str | None, list[tuple[str, str]]]] = [(None, [*PAIRS, *swapped])]
    if prompt.instructed:
        tries += [(instruction, [*PAIRS[:_FEW], *swapped[:_FEW]]) for instruction in TEXTS]
    for instruction, texts in tries:
        rows = pair_rows(pair_format(endless, prompt, instruction), texts)
        if [row.ids.tolist() for row in rows] != [template.ids(instruction, *pair) for pair in texts]:
            raise UsageError("Its chat template cannot be tokenized in parts as it is as a whole: it is not supported.")
    return prompt


class _ChatTemplate:
    """What sentence-transformers makes of pairs.

    Args:
        model: as it was loaded.
    """

    def __init__(self, model: Any) -> None:
        self._model: Any = model
        self._transformer: Any = self._model[0]
        self._settings = dict(self._transformer.processing_kwargs.get("chat_template") or {})
        self._settings.pop("restore_suffix", None)  # of sentence-transformers, not of the template

    def text(self, instruction: str | None, query: str, document: str) -> str:
        """What the model reads."""
        formatter = self._transformer.input_formatter
        messages = [formatter.pair_to_messages((query, document))]
        if system := self._system(instruction):
            messages = formatter.prepend_prompt_to_messages(messages, system)
        text: str = self._transformer.processor.apply_chat_template(messages[0], tokenize=False, **self._settings)
        return text

    def ids(self, instruction: str | None, query: str, document: str) -> list[int]:
        """The same as tokens."""
        features = self._model.preprocess([(query, document)], prompt=self._system(instruction))
        ids: list[int] = features["input_ids"][0].tolist()
        return ids

    def _system(self, instruction: str | None) -> str | None:
        """The instruction, or the one that the model's files have for all pairs."""
        if instruction is not None:
            return instruction
        prompt: str | None = self._model.prompts.get(self._model.default_prompt_name or "")
        return prompt
