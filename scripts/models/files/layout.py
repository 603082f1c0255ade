"""Layouts of sentence-transformers' folders, brought to one: what the first module has lies in the folder itself."""

import json
from pathlib import Path

from bentos.common.models.profile import TOKENIZER_FILE
from scripts.models.files.facts import is_static, read_modules


def flatten(folder: Path) -> None:
    """Move the first module's files out of `0_Transformer`, as old versions had it, or `0_StaticEmbedding`.

    Args:
        folder: ours to change; its files may be links.
    """
    modules = read_modules(folder)
    inner = folder / modules[0][1] if modules else folder
    needed = TOKENIZER_FILE if is_static(folder) else "config.json"
    if inner == folder or (folder / needed).exists() or not (inner / needed).is_file():
        return
    path = folder / "modules.json"
    described = json.loads(path.read_bytes())
    described[0]["path"] = ""
    for file in inner.iterdir():
        file.rename(folder / file.name)
    inner.rmdir()
    path.unlink()  # a link to the source's file, which is not ours to change
    path.write_text(json.dumps(described))
