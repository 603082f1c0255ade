"""A prompt for pairs, and a tokenizer of which some tokens join the end of a sentence with a line break."""

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.profile import PairPrompt

TEXTS = ["the heron waits", "a stork?", "", "  two spaces", "5 fish\n"]
PROMPT = PairPrompt(
    before="Judge it: Q:",
    instructed=("Judge ", ": Q:"),
    query=(" ", "\n"),
    between="D:",
    document=(" ", "\n"),
    after="Answer:",
)


def prompt_text(query: str, document: str, instruction: str = "it") -> str:
    """The prompt as one text."""
    return f"Judge {instruction}: Q: {query}\nD: {document}\nAnswer:"


def prompted_tokenizer(window: int) -> Tokenizer:
    library = tokenizers.Tokenizer(models.BPE())
    library.pre_tokenizer = pre_tokenizers.ByteLevel(False)
    trainer = trainers.BpeTrainer(show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    library.train_from_iterator([*TEXTS, "Judge it: Q: D: Answer:"] * 9, trainer)
    return Tokenizer(library, window)
