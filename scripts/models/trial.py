"""A model before it is stored: loaded by sentence-transformers and by the backend that serves it, and compared."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from bentos.common.backends.interface import Backend, Kind, Outputs, TokenRow
from bentos.common.backends.loading import check_memory
from bentos.common.backends.packing import pack
from bentos.common.engine.pairs import pair_format
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.profile import PairPrompt, PromptName
from bentos.common.resources import cpu_limit
from scripts.command import CommandError, UsageError
from scripts.models.conversion.torch_only import has_torch, needs_torch
from scripts.models.files import facts
from scripts.models.files.prompts import check_prompts
from scripts.models.files.tokenizer import limit_tokens
from scripts.models.memory import memory_errors
from scripts.models.rows import pair_rows
from scripts.models.trial_texts import LONG_TEXT, PAIRS, TEXTS, Part

_BATCH = 8
_MOST_COMPARED_TOKENS = 512
"""Of a window; a text of thousands of tokens would take minutes."""
_LEAST_COSINE = 0.9999
_MOST_DIFFERENCE = 1e-3


@dataclass(frozen=True)
class Trial:
    """What loading a model has shown.

    Attributes:
        dimension: length of an encoder's vectors, as the model computes them; None of a cross-encoder.
        window: most tokens that sentence-transformers gives it, or fewer.
        normalized: whether an encoder's vectors are served with unit length.
        include_prompt: whether an encoder pools its prompt, too.
        assumed_pooling: of an encoder whose folder does not say it.
        pair_prompt: of a cross-encoder that reads pairs in a prompt.
        removed_tokens: special ones that were taken out of `tokenizer.json`, as the model has no rows for them.
        tokenizer_replaced: whether `tokenizer.json` gave other tokens than the tokenizer that transformers builds.
        agreement: how close what is served comes to sentence-transformers, as a phrase.
    """

    dimension: int | None
    window: int
    normalized: bool = True
    include_prompt: bool = True
    assumed_pooling: str | None = None
    pair_prompt: PairPrompt | None = None
    removed_tokens: Sequence[str] = ()
    tokenizer_replaced: bool = False
    agreement: str = ""


def try_model(folder: Path, kind: Kind, prompts: Mapping[PromptName, str], window: int) -> Trial:
    """Load the model on the CPU and compare what it will serve with what sentence-transformers computes.

    Args:
        folder: of the model; its `tokenizer.json` is replaced where transformers builds another tokenizer.
        kind: what it is to be.
        prompts: that will be put before texts.
        window: most tokens.

    Raises:
        UsageError: It does not load, lacks weights or rows for tokens, has too long a prompt, or would not be served as
            sentence-transformers does.
        CommandError: There is too little memory.
    """
    _check_memory(folder)
    if not has_torch():
        with _loading_errors():
            return _try_graph(folder, kind, prompts, window)
    with _loading_errors():
        # torch takes seconds to import; `list` and `--help` do without.
        from scripts.models.reference import Reference

        expected = Reference(folder, kind)
        expected.match_tokenizer()
        removed = limit_tokens(folder, expected.rows)
        trial = expected.trial(window)
        tokenizer = Tokenizer.load(folder, trial.window)
        check_prompts(prompts, tokenizer)
        texts = [*TEXTS, LONG_TEXT] if trial.window <= _MOST_COMPARED_TOKENS else TEXTS
        parts = list(_parts(kind, texts, prompts))
        wanted = [expected.outputs(part, prompt, trial.window, task) for task, prompt, part in parts]
        expected.close()  # one copy at a time: a large model would take the memory twice
        expected.check_weights()
        backend = _backend(folder, kind)
        found = [_outputs(backend, _rows(tokenizer, part, prompt, trial)) for _, prompt, part in parts]
        backend.close()
    figure = _compare(kind, np.concatenate(wanted), np.concatenate(found), normalized=trial.normalized)
    return replace(trial, agreement=figure, removed_tokens=removed)


def _try_graph(folder: Path, kind: Kind, prompts: Mapping[PromptName, str], window: int) -> Trial:
    """Without PyTorch the packed graph is what can be served, and there is nothing to compare it with."""
    import openvino

    from scripts.models.conversion.architecture import read_architecture
    from scripts.models.conversion.graph import known_tokens, packed_graph

    if kind == "cross-encoder" and facts.read_template(folder):
        raise needs_torch("A reranker with a chat template can be tried")
    architecture = read_architecture(folder, kind)
    removed = limit_tokens(folder, known_tokens(folder, kind))
    tokenizer = Tokenizer.load(folder, window)
    check_prompts(prompts, tokenizer)
    # All are tokenized, as some tokenizers fail on a word that is unknown to them; one is computed.
    _, row, *_ = _rows(tokenizer, TEXTS if kind == "encoder" else PAIRS, "", Trial(None, window))
    compiled = openvino.Core().compile_model(packed_graph(folder, kind, "int8"), "CPU")
    output: Outputs = compiled(pack([row], architecture.pooling, uses_types=architecture.uses_types))[0][:1]
    if not np.isfinite(output).all() or not output.any():
        raise UsageError("The model loads but its output is not a usable number.")
    if kind == "cross-encoder":
        return Trial(None, window, removed_tokens=removed)
    assumed = None if facts.read_modules(folder) else "mean"
    return Trial(
        output.shape[-1],
        window,
        normalized=architecture.normalized,
        assumed_pooling=assumed,
        removed_tokens=removed,
    )


def _parts(
    kind: Kind, texts: Sequence[str], prompts: Mapping[PromptName, str]
) -> Iterator[tuple[PromptName | None, str, Part]]:
    """The type of input, its prompt, and texts or pairs that it is tried with: all without a type, some with each."""
    if kind == "cross-encoder":
        yield None, "", PAIRS
        return
    yield None, "", texts
    for task in get_args(PromptName):
        yield task, prompts.get(task, ""), [*texts[: _BATCH - 1], texts[-1]]


def _backend(folder: Path, kind: Kind) -> Backend:
    from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder

    model = TorchEncoder if kind == "encoder" else TorchCrossEncoder
    return model(folder, device="cpu", precision="fp32", threads=cpu_limit())


def _rows(tokenizer: Tokenizer, part: Part, prompt: str, trial: Trial) -> list[TokenRow]:
    left_out = 0 if trial.include_prompt else len(tokenizer.tokens(prompt))
    rows = []
    pairs = pair_format(tokenizer, trial.pair_prompt)
    for text in part:
        if isinstance(text, str):
            [content] = tokenizer.contents([text], tokenizer.content_limit, prefix=prompt)
            rows.append(tokenizer.row(content.ids, left_out))
        else:
            rows += pair_rows(pairs, [text])
    return rows


def _outputs(backend: Backend, rows: Sequence[TokenRow]) -> Outputs:
    return np.concatenate([backend.infer(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH)])


def _compare(kind: Kind, wanted: Outputs, found: Outputs, *, normalized: bool) -> str:
    """Refuse a model whose outputs `[rows, width]` are of no use, or not those of sentence-transformers.

    Returns:
        How close they are.

    Raises:
        UsageError: with how far they are from each other.
    """
    if not np.isfinite(found).all() or not found.any():
        raise UsageError("The model loads but its output is not a usable number.")
    difference = float(np.abs(wanted - found).max())
    if kind == "cross-encoder":
        unlike, figure = not difference <= _MOST_DIFFERENCE, f"largest difference of logits {difference:.2g}"
    else:
        lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(found, axis=1)
        cosine = float((np.einsum("td,td->t", wanted, found) / np.maximum(lengths, 1e-12)).min())
        longest = float(np.linalg.norm(wanted, axis=1).max())
        unlike = not cosine >= _LEAST_COSINE or (not normalized and difference > _MOST_DIFFERENCE * longest)
        figure = f"smallest cosine {cosine:.6f}"
    if unlike:
        raise UsageError(
            f"The model would not be served as sentence-transformers computes it ({figure}): it is not supported."
        )
    return figure


def _check_memory(folder: Path) -> None:
    try:
        check_memory(folder)
    except RuntimeError as error:
        raise CommandError(str(error)) from error


@contextmanager
def _loading_errors() -> Iterator[None]:
    try:
        with memory_errors():
            yield
    except CommandError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"The model does not load: {type(error).__name__}: {reason}") from error
