"""The old layout of sentence-transformers' folders, brought to today's."""

import json
from pathlib import Path

from scripts.models.facts import read_modules


def flatten(folder: Path) -> None:
    """Move the transformer's files out of `0_Transformer`, where the first versions of sentence-transformers put them.

    Args:
        folder: ours to change; its files may be links.
    """
    modules = read_modules(folder)
    inner = folder / modules[0][1] if modules else folder
    if inner == folder or (folder / "config.json").exists() or not (inner / "config.json").is_file():
        return
    for file in inner.iterdir():
        file.rename(folder / file.name)
    inner.rmdir()
    path = folder / "modules.json"
    described = json.loads(path.read_bytes())
    described[0]["path"] = ""
    path.unlink()  # a link to the source's file, which is not ours to change
    path.write_text(json.dumps(described))
