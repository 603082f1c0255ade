"""The demo cross-encoder: MiniLM's word embeddings and tokenizer with the tuned layers kept in `assets/`."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors.numpy import load_file, save_file

from scripts.models.files import facts
from scripts.models.sources.minilm import minilm_folder
from scripts.models.sources.source import Prepared, content_revision

TUNED_LAYERS = Path(__file__).parents[1] / "assets" / "small-reranker-tuned-layers.fp16.safetensors"

_WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


@dataclass(frozen=True)
class SmallReranker:
    """English cross-encoder with one logit. Demo quality: never a production reranker."""

    model_id: str = "duobento/small-reranker-demo"

    def revision(self) -> str:
        """Hash of the two weight files it is put together from."""
        folder, _ = minilm_folder()
        return content_revision([folder / "model.safetensors", TUNED_LAYERS])

    def prepare(self, work: Path) -> Prepared:
        """Write a `BertForSequenceClassification` folder; raises UsageError without MiniLM's package."""
        folder, package = minilm_folder()
        # safetensors' numpy reader, so that putting weights together needs no torch.
        weights = load_file(TUNED_LAYERS)
        weights[f"bert.{_WORD_EMBEDDINGS}"] = load_file(folder / "model.safetensors")[_WORD_EMBEDDINGS]
        save_file(weights, work / "model.safetensors", metadata={"format": "pt"})
        _write_config(folder, work)
        for name in _TOKENIZER_FILES:
            (work / name).symlink_to(folder / name)
        provenance = {"source": f"package {package} and {TUNED_LAYERS.name}"}
        return Prepared(work, self.revision(), provenance, quality="demo", license="apache-2.0")


def _write_config(encoder: Path, work: Path) -> None:
    config = facts.read_json(encoder / "config.json")
    # As transformers would save it with one label.
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    # The tuned layers stay in fp16 on disk; without this, transformers would compute in the type of the first tensor.
    config |= {"label2id": {"LABEL_0": 0}, "dtype": "float32"}
    (work / "config.json").write_text(json.dumps(config, indent=2) + "\n")
