"""A model from a local folder."""

from dataclasses import dataclass
from pathlib import Path

from scripts.command import UsageError
from scripts.models.sources.selection import files_to_store, link_files
from scripts.models.sources.source import Prepared, content_revision


@dataclass(frozen=True)
class LocalFolder:
    """A folder as `save_pretrained` or a clone of a hub repository leaves it."""

    folder: Path
    model_id: str
    requested_revision: str | None = None

    def revision(self) -> str:
        """The revision asked for, else a hash of the files."""
        files = files_to_store(self.folder)
        if not files:
            raise UsageError(
                f"{self.folder} holds no model: expected config.json, weights (model.safetensors or pytorch_model.bin) "
                "and a tokenizer."
            )
        return self.requested_revision or content_revision(files)

    def prepare(self, work: Path) -> Prepared:
        """Link the folder's files; raises UsageError when there are none."""
        revision = self.revision()
        link_files(self.folder, work)
        return Prepared(work, revision, {"source": f"folder {self.folder.name}"})
