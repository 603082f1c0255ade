"""Makes an artefact of a source: prepare, inspect, try, store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bentos.common.backends.interface import Kind
from bentos.common.models.profile import WEIGHT_PATTERNS, ModelProfile, PromptName
from bentos.common.models.store import InstalledModel, register
from scripts.command import UsageError
from scripts.models.files import facts
from scripts.models.files.known_rerankers import complete
from scripts.models.files.layout import flatten
from scripts.models.files.matryoshka import read_dimensions
from scripts.models.files.prompts import read_prompts, unused_prompts
from scripts.models.files.tokenizer import ensure_tokenizer
from scripts.models.present import original_of
from scripts.models.refusals.lengths import refuse_other_lengths
from scripts.models.refusals.nomic import refuse_ignored_settings
from scripts.models.refusals.references import check_references
from scripts.models.refusals.unsupported import (
    refuse_chat_template,
    refuse_default_prompt,
    refuse_unknown_default_prompt,
    refuse_unsupported,
)
from scripts.models.sources.digest import file_sha256
from scripts.models.sources.source import Prepared, Source, versions
from scripts.models.trial import Trial, try_model

_TOOLS = ("sentence-transformers", "transformers", "tokenizers")


@dataclass(frozen=True)
class Wishes:
    """What the command line says about a model; None leaves it to the model's files."""

    kind: Kind | None = None
    query_prompt: str | None = None
    passage_prompt: str | None = None
    dimensions: Sequence[int] | None = None
    max_tokens: int | None = None
    force: bool = False


def install(
    source: Source,
    wishes: Wishes,
    say: Callable[[str], None],
    *,
    revision: str | None = None,
    home: Path | None = None,
) -> InstalledModel:
    """Install one model unless it is there already; with `wishes.force`, again.

    Args:
        source: Where the model comes from.
        wishes: What goes before the model's own files.
        say: Takes progress, line by line.
        revision: Revision asked for, when it was.
        home: BentoML home to install into instead of the configured one.

    Raises:
        UsageError: With one sentence that says why not. The store is left as it was.
    """
    if not wishes.force and (present := original_of(source, revision, home)):
        say(f"{present.profile.model_id} is installed as {present.tag} (--force installs it again)")
        return present

    from huggingface_hub.utils.tqdm import disable_progress_bars  # see facts.read_license

    disable_progress_bars()  # those of transformers as well: progress is plain lines here
    say(f"{source.model_id}:")
    with TemporaryDirectory(prefix="duobento-model-") as work:
        say("  preparing files")
        prepared = source.prepare(Path(work))
        profile = _checked_profile(source.model_id, prepared, wishes, say)
        say("  storing")
        # What has its tag is of no use: it is damaged, or of an earlier version.
        installed = register(prepared.folder, profile, force=True, home=home)
    say(f"  installed as {installed.tag} ({describe(installed.profile)})")
    return installed


def describe(profile: ModelProfile) -> str:
    """One line about a model for the terminal."""
    parts: list[str] = [profile.kind, f"window {profile.max_tokens} tokens"]
    if profile.dimension:
        others = f" (or {', '.join(map(str, profile.dimensions))})" if profile.dimensions else ""
        parts.append(f"{profile.dimension} dimensions{others}")
    if profile.activation_group_size:
        parts.append(f"activations in groups of {profile.activation_group_size}")
    if profile.prompts:
        parts.append("prompts " + ", ".join(f"{name} {text!r}" for name, text in profile.prompts.items()))
    if profile.pair_prompt and profile.pair_prompt.instructed:
        parts.append("takes an instruction")
    if profile.quality == "demo":
        parts.append("demo quality, not for production")
    return ", ".join(parts)


def _checked_profile(model_id: str, prepared: Prepared, wishes: Wishes, say: Callable[[str], None]) -> ModelProfile:
    folder = prepared.folder
    check_references(folder)
    flatten(folder)
    if complete(folder, model_id, wishes.kind or prepared.kind):
        say("  added files that sentence-transformers needs to load it as a reranker")
    refuse_unsupported(folder)
    weights = [file for pattern in WEIGHT_PATTERNS for file in sorted(folder.glob(pattern))]
    if not weights:
        raise UsageError(
            f"{model_id} has no weights in the folder of its config.json: model.safetensors or pytorch_model.bin is "
            "needed, whole or in parts; files for other runtimes, such as GGUF and ONNX, are not read."
        )
    kind = facts.detect_kind(folder, wishes.kind or prepared.kind)
    refuse_unknown_default_prompt(folder, kind)
    if kind == "cross-encoder":
        refuse_default_prompt(folder)
    else:
        refuse_chat_template(folder)
    prompts = _prompts(model_id, prepared, wishes) if kind == "encoder" else {}
    window = _window(folder, wishes)  # before the tokenizer loses the limit that it may have
    refuse_other_lengths(folder, kind, window)
    refuse_ignored_settings(folder, window)
    if ensure_tokenizer(folder):
        say("  converted the tokenizer to tokenizer.json")
    say(f"  trying it as {'an' if kind == 'encoder' else 'a'} {kind}")
    trial = try_model(folder, kind, prompts, window)
    _tell(trial, say)
    if kind == "encoder":
        for name, text in unused_prompts(folder, prompts).items():
            say(f"  prompt {name} {text!r} is not used (--query-prompt and --passage-prompt put others)")
    dimension, dimensions = _dimensions(folder, model_id, trial.dimension, wishes)
    return ModelProfile(
        model_id=model_id,
        revision=prepared.revision,
        kind=kind,
        dimension=dimension,
        dimensions=dimensions,
        max_tokens=trial.window,
        normalized=trial.normalized,
        include_prompt=trial.include_prompt,
        prompts=prompts,
        pair_prompt=trial.pair_prompt,
        quality=prepared.quality,
        license=prepared.license or facts.read_license(folder),
        provenance=prepared.provenance
        | {f"sha256 of {file.name}": file_sha256(file) for file in weights}
        | versions(_TOOLS)
        | ({"compared with sentence-transformers": trial.agreement} if trial.agreement else {}),
    )


def _tell(trial: Trial, say: Callable[[str], None]) -> None:
    """Say what the trial changed, compared and assumed."""
    if trial.tokenizer_replaced:
        say("  replaced tokenizer.json, which gives other tokens than the tokenizer that transformers builds")
    if trial.removed_tokens:
        say(f"  took {', '.join(trial.removed_tokens)} out of tokenizer.json: the weights have no rows for them")
    if trial.agreement:
        say(f"  compared with sentence-transformers: {trial.agreement}")
    if trial.assumed_pooling:
        say(f"  no modules.json: pooling {trial.assumed_pooling} is assumed, as sentence-transformers does")


def _dimensions(folder: Path, model_id: str, full: int | None, wishes: Wishes) -> tuple[int | None, tuple[int, ...]]:
    """The usual length of the model's vectors, and all others that may be asked for."""
    if full is None:
        if wishes.dimensions is not None:
            raise UsageError("--dimensions is for encoders; a cross-encoder has no vectors.")
        return None, ()
    shorter = read_dimensions(folder, model_id, full, wishes.dimensions)
    usual = min(full, facts.read_truncation(folder) or full)
    return usual, tuple(size for size in (*shorter, full) if size != usual)


def _window(folder: Path, wishes: Wishes) -> int:
    window = facts.read_window(folder)
    if wishes.max_tokens is None:
        return window
    if not facts.LEAST_WINDOW <= wishes.max_tokens <= window:
        raise UsageError(f"--max-tokens {wishes.max_tokens}: the model takes {facts.LEAST_WINDOW} to {window} tokens.")
    return wishes.max_tokens


def _prompts(model_id: str, prepared: Prepared, wishes: Wishes) -> dict[PromptName, str]:
    prompts = dict(prepared.prompts) or read_prompts(prepared.folder, model_id)
    if wishes.query_prompt is not None:
        prompts["query"] = wishes.query_prompt
    if wishes.passage_prompt is not None:
        prompts["passage"] = wishes.passage_prompt
    return {name: text for name, text in prompts.items() if text}
