"""The model in the format that a peer loads; conversions are made once and kept in the work folder."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.building import sources
from benchmarks.peers.catalogue import LLAMA_CPP
from benchmarks.peers.commands import SERVERS
from benchmarks.peers.environments import InstallFailed, environment
from benchmarks.peers.peer import ModelFormat
from bentos.common.models.store import InstalledModel

_OWN_FILES = ("model.yaml", "duobento.json")
_WEIGHTS = ("*.safetensors", "*.bin")
# sentence-transformers' own files, whose format changed with its version 5 and 6.
_MODULES = ("modules.json", "*_sentence_transformers.json", "sentence_bert_config.json", "[0-9]_*")


def folder_of(original: InstalledModel, model_format: ModelFormat, work: Path) -> Path:
    """The original's folder, or that of its conversion.

    Args:
        original: the torch model.
        model_format: what the peer loads.
        work: keeps conversions.

    Raises:
        InstallFailed: the converter cannot be installed, or failed.
    """
    if model_format in ("installed", "torch"):
        return original.path
    target = work / "models" / model_format / original.tag.replace(":", "-")
    if target.is_dir():
        return target
    unfinished = target.with_name(target.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    if model_format == "transformers-4":
        _link(original, unfinished)
    elif model_format == "onnx":
        _link(original, unfinished, *_WEIGHTS)
        script = [str(SERVERS / "export_onnx.py"), str(original.path), original.profile.kind, str(unfinished)]
        _convert(model_format, environment("onnx-export", work), script)
    elif model_format == "gguf":
        unfinished.mkdir(parents=True)
        python = environment("llama-cpp", work)
        source = unfinished / "source"
        _link_as_published(original, source)
        script = [str(sources(LLAMA_CPP, python, work) / "convert_hf_to_gguf.py"), str(source)]
        _convert(model_format, python, [*script, "--outtype", "q8_0", "--outfile", str(unfinished / "model.gguf")])
        shutil.rmtree(source)
    elif model_format == "sie":
        unfinished.mkdir(parents=True)
        _write_sie_model(original, folder_of(original, "transformers-4", work), unfinished / "model.yaml")
    else:
        options = ["--quantization", "int8", "--copy_files", "tokenizer.json"]
        source = folder_of(original, "transformers-4", work)
        module = ["-m", "ctranslate2.converters.transformers", "--model", str(source), "--output_dir", str(unfinished)]
        _convert(model_format, environment("ctranslate2", work), module + options)
    unfinished.rename(target)
    return target


def _write_sie_model(original: InstalledModel, weights: Path, file: Path) -> None:
    """What SIE wants to know of a model; JSON is YAML as well."""
    encoder = original.profile.kind == "encoder"
    adapter = "sentence_transformer:SentenceTransformerDenseAdapter" if encoder else "cross_encoder:CrossEncoderAdapter"
    profile = {
        "max_batch_tokens": 16_384,
        "compute_precision": "float32",
        "adapter_path": f"sie_server.adapters.{adapter}",
        "adapter_options": {"loadtime": {}, "runtime": {"normalize": True} if encoder else {}},
    }
    model = {
        "sie_id": "model",
        "weights_path": str(weights),
        "tasks": {"encode": {"dense": {"dim": original.profile.dimension}}} if encoder else {"score": {}},
        "max_sequence_length": original.profile.max_tokens,
        "profiles": {"default": profile},
    }
    file.write_text(json.dumps(model))


def _convert(model_format: ModelFormat, python: Path, command: list[str]) -> None:
    done = subprocess.run([str(python), *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallFailed(f"conversion to {model_format} failed: {done.stderr.strip().splitlines()[-1]}")


def _link(original: InstalledModel, target: Path, *without: str) -> None:
    """The model's files as transformers 4 and sentence-transformers 3 read them."""
    ignored = shutil.ignore_patterns(*_OWN_FILES, *_MODULES, *without)
    shutil.copytree(original.path, target, copy_function=os.symlink, ignore=ignored)
    # A tokenizer class that only transformers 5 has.
    _edit(target / "tokenizer_config.json", lambda config: {**config, "tokenizer_class": "PreTrainedTokenizerFast"})
    # Infinity with optimum truncates at this number, which in XLM-RoBERTa counts two places that are never used.
    _edit(target / "config.json", lambda config: {**config, "max_position_embeddings": _positions(config, without)})
    if original.profile.kind == "encoder":
        _write_modules(original, target)


def _link_as_published(original: InstalledModel, target: Path) -> None:
    """The model's files as llama.cpp's converter reads them: XLM-RoBERTa's tokenizer as published models have it."""
    shutil.copytree(original.path, target, copy_function=os.symlink)
    if json.loads((target / "config.json").read_text())["model_type"] == "xlm-roberta":
        _edit(target / "tokenizer_config.json", lambda config: {**config, "tokenizer_class": "XLMRobertaTokenizer"})
        _edit(target / "tokenizer.json", lambda whole: {**whole, "normalizer": _precompiled(whole["normalizer"])})


def _precompiled(normalizer: dict[str, Any]) -> dict[str, Any]:
    """The part that holds the table of characters; the other joins spaces, which llama.cpp does by itself."""
    parts: list[dict[str, Any]] = normalizer.get("normalizers", [normalizer])
    return next(part for part in parts if part["type"] == "Precompiled")


def _positions(config: dict[str, Any], without: Sequence[str]) -> int:
    unused = 2 if config["model_type"] == "xlm-roberta" and without else 0
    return int(config["max_position_embeddings"]) - unused


def _write_modules(original: InstalledModel, target: Path) -> None:
    pooling = json.loads((original.path / "1_Pooling" / "config.json").read_text())
    mean = pooling.get("pooling_mode") == "mean" or pooling.get("pooling_mode_mean_tokens", False)
    old = {
        "word_embedding_dimension": original.profile.dimension,
        "pooling_mode_mean_tokens": mean,
        "pooling_mode_cls_token": not mean,
    }
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (target / "1_Pooling").mkdir()
    (target / "1_Pooling" / "config.json").write_text(json.dumps(old))
    (target / "modules.json").write_text(json.dumps(modules))
    (target / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": original.profile.max_tokens}))


def _edit(file: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Replace the link by a changed copy."""
    if file.is_file():
        content = change(json.loads(file.read_text()))
        file.unlink()
        file.write_text(json.dumps(content))
