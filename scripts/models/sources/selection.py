"""Which files of a model repository an artefact needs; all others stay out of the store."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

_METADATA = re.compile(
    r"""(?x)
    (adapter_|cnn_)?config\.json | .*config_sentence_transformers\.json | modules\.json | sentence_[\w-]+_config\.json
    | tokenizer\.json | tokenizer_config\.json | special_tokens_map\.json | added_tokens\.json
    | chat_template\.jinja | vocab\.(txt|json) | merges\.txt | .*\.model
    | README\.md | LICENSE.* | NOTICE.*
    """
)
_SAFETENSORS = re.compile(r"model(-\d+-of-\d+)?\.safetensors(\.index\.json)?")
_PICKLES = re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?")
_MODULE_FOLDER = re.compile(r"\d+_\w+")


def needed_files(names: Iterable[str]) -> list[str]:
    """Choose from a repository's file names (with `/`): configuration, tokenizer and one format of the weights.

    Safetensors are preferred to PyTorch's pickles. Exports for other runtimes (onnx, openvino, tf, flax)
    and training logs are left out. Module folders such as `1_Pooling` are kept.
    """
    folders: dict[str, list[PurePosixPath]] = {}
    for name in sorted(names):
        path = PurePosixPath(name)
        folder = str(path.parent)
        if folder == "." or _MODULE_FOLDER.fullmatch(folder):
            folders.setdefault(folder, []).append(path)

    needed: list[PurePosixPath] = []
    for paths in folders.values():
        needed += [path for path in paths if _METADATA.fullmatch(path.name)]
        safetensors = [path for path in paths if _SAFETENSORS.fullmatch(path.name)]
        needed += safetensors or [path for path in paths if _PICKLES.fullmatch(path.name)]
    return sorted(str(path) for path in needed)


def files_to_store(folder: Path) -> list[Path]:
    """The needed files of a local model folder, in a fixed order; folders in it may be links, too."""
    files = (file for pattern in ("*", "*/*") for file in folder.glob(pattern))
    names = (file.relative_to(folder).as_posix() for file in files if file.is_file())
    return [folder / name for name in needed_files(names)]


def link_files(source: Path, target: Path) -> None:
    """Link the needed files of `source` into `target`, so that gigabytes are copied once, by the store."""
    source = source.resolve()
    for file in files_to_store(source):
        link = target / file.relative_to(source)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
