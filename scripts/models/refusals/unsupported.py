"""Models that would load and answer wrongly, told by their files alone; each is refused with the reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bentos.common.backends.interface import Kind
from scripts.command import UsageError
from scripts.models.files.facts import (
    NATIVE_IN_TRANSFORMERS,
    read_json,
    read_modules,
    read_template,
    transformer_settings,
)
from scripts.models.refusals.module_files import refuse_module
from scripts.models.refusals.sides import refuse_other_sides

_SPARSE = {"SparseEncoder", "SpladePooling", "MLMTransformer", "SparseAutoEncoder", "SparseStaticEmbedding"}
_WORDS = {"WordEmbeddings", "BoW"}
_LFS_POINTER = b"version https://git-lfs"
_LARGE_FILES = ("*.safetensors", "*.bin", "tokenizer.json", "*.model")
_OF_IMAGES = {"clip", "chinese_clip", "siglip", "siglip2", "blip", "blip-2"}
TEMPLATE_OF_ENCODER = (
    "The model puts its inputs into a chat template, which embed-service does not apply: not supported."
)
_LIBRARY_FILE = "config_sentence_transformers.json"


def refuse_unsupported(folder: Path) -> None:
    """Pass a folder whose model can be served as sentence-transformers serves it, as far as its files tell.

    Raises:
        UsageError: with what the model is and why it is not served.
    """
    refuse_pointers(folder)
    modules = read_modules(folder)
    kinds = [name.rpartition(".")[2] for name, _ in modules]
    config = read_json(folder / "config.json")
    declared = read_json(folder / _LIBRARY_FILE).get("model_type", "SentenceTransformer")
    for reason in _reasons(config, declared, [name for name, _ in modules], kinds):
        raise UsageError(reason)
    for adapter in sorted(folder.rglob("adapter_config.json")):
        base = read_json(adapter).get("base_model_name_or_path") or "its base model"
        raise UsageError(
            f"The model is an adapter (LoRA, {adapter.name}) of {base}: merge both, by merge_and_unload of peft, and "
            "install what that gives."
        )
    refuse_other_sides(folder)
    for kind, (_, path) in zip(kinds, modules, strict=True):
        refuse_module(kind, folder / path)


def refuse_default_prompt(folder: Path) -> None:
    """Pass a cross-encoder before whose pairs no text is put; a chat template has a place for one.

    Raises:
        UsageError: with the prompt that is put there.
    """
    settings = read_json(folder / _LIBRARY_FILE)
    name = settings.get("default_prompt_name")
    prompt = (settings.get("prompts") or {}).get(name)
    if prompt and not read_template(folder):
        raise UsageError(
            f"sentence-transformers puts the model's default prompt {name} ({prompt!r}) before every pair, and "
            f"rerank-service does not: take default_prompt_name out of {_LIBRARY_FILE} if its scores "
            "are as good without."
        )


def refuse_unknown_default_prompt(folder: Path, kind: Kind) -> None:
    """Pass a model whose default prompt is one of its prompts; the library has blank ones for queries and documents.

    Raises:
        UsageError: with the name that no prompt has.
    """
    settings = read_json(folder / _LIBRARY_FILE) if read_modules(folder) else {}  # else the library reads none
    name = settings.get("default_prompt_name")
    known = {*(settings.get("prompts") or {}), *(("query", "document") if kind == "encoder" else ())}
    if name is not None and name not in known:
        others = f", or name one that it has ({', '.join(sorted(known))})" if known else ""
        raise UsageError(
            f"The model has no prompt {name!r}, which is its default_prompt_name in {_LIBRARY_FILE}: take that entry "
            f"out{others}."
        )


def refuse_chat_template(folder: Path) -> None:
    """Pass an encoder whose texts sentence-transformers does not put into a chat template.

    Raises:
        UsageError: it does, as the settings say or, where there is no modules.json, as there is a template.
    """
    inputs = transformer_settings(folder).get("modality_config") or {}
    is_applied = "message" in inputs if read_modules(folder) else bool(read_template(folder))
    if is_applied:
        raise UsageError(TEMPLATE_OF_ENCODER)


def refuse_pointers(folder: Path) -> None:
    """Pass a folder without Git LFS pointers in place of its large files.

    Raises:
        UsageError: with what to run.
    """
    for pattern in _LARGE_FILES:
        for file in sorted(folder.rglob(pattern)):
            with file.open("rb") as opened:
                if opened.read(len(_LFS_POINTER)) == _LFS_POINTER:
                    raise UsageError(
                        f"{file.relative_to(folder)} is a Git LFS pointer and not the file itself: "
                        "run `git lfs pull` in the repository."
                    )


def _reasons(config: dict[str, Any], declared: str, classes: list[str], kinds: list[str]) -> Iterator[str]:
    if declared == "SparseEncoder" or not _SPARSE.isdisjoint(kinds):
        yield "The model is a SparseEncoder (SPLADE), whose vectors are sparse: only dense ones are served."
    if declared == "MultiVectorEncoder" or any(name.startswith("pylate.") for name in classes):
        yield "The model gives a vector for each token (ColBERT): only one vector for each text is served."
    if not _WORDS.isdisjoint(kinds):
        yield "The model looks up words by a tokenizer of its own (WordEmbeddings, BoW), which is not served."
    if config.get("model_type") == "model2vec" and not kinds:
        yield "The model is one of model2vec without a modules.json: save it again with a version that writes one."
    if {"Router", "Asym"} & set(kinds):
        yield "The model has a Router, with other weights for queries than for passages, which is not served."
    if declared == "CrossEncoder" and {"Pooling", "Dense"} <= {*kinds}:
        yield "The model scores pairs by a Dense behind a Pooling: of cross-encoders only classifiers are served."
    if "CLIPModel" in kinds or config.get("model_type") in _OF_IMAGES:
        yield "The model is one of images and texts (CLIP), which is not served."
    if foreign := [name for name in classes if not name.startswith("sentence_transformers.")]:
        yield f"The model needs code of its own ({foreign[0]} in modules.json), which is never run here."
    yield from _reasons_of_weights(config, classes)


def _reasons_of_weights(config: dict[str, Any], classes: list[str]) -> Iterator[str]:
    if quantization := config.get("quantization_config"):
        method = quantization.get("quant_method", "unnamed")
        yield (
            f"The model's weights are quantized ({method}, quantization_config in config.json), which is not served: "
            "install the model that they were made of, and --precision int8 converts it."
        )
    architecture = (config.get("architectures") or [""])[0]
    if architecture.endswith("ForCausalLM") and not classes:
        yield (
            f"The model is a causal language model ({architecture}) without a modules.json, which says how its vectors "
            "or scores are made: if it scores pairs by the tokens yes and no, add --kind cross-encoder."
        )
    if (auto_map := config.get("auto_map")) and config.get("model_type") not in NATIVE_IN_TRANSFORMERS:
        code = auto_map.get("AutoModel") or next(iter(auto_map.values()))
        yield (
            f"The model needs code of its own ({code}, auto_map in config.json), which is never run here: "
            "transformers' own code would compute something else from its weights."
        )
