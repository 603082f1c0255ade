"""What an artefact is: a folder with all that a model needs, and the profile that says how to use it.

It holds weights, `tokenizer.json`, the model's own configuration files and `duobento.json`, the `ModelProfile`.
"""

import hashlib
import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from bentos.common.backends.interface import ActivationGroupSize, Kind, Pooling

Backend = Literal["torch", "openvino"]
PromptName = Literal["query", "passage"]

PROFILE_FILE = "duobento.json"
TOKENIZER_FILE = "tokenizer.json"
WEIGHT_PATTERNS = ("model*.safetensors", "pytorch_model*.bin", "openvino_model*.bin")

_MAX_TAG_LENGTH = 63
_GROUP_SIZE_BEFORE_SEARCH: ActivationGroupSize = 64


class BadArtefact(ValueError):
    """A part of an artefact is missing or invalid; the message says which."""


class PairPrompt(BaseModel):
    """What a cross-encoder that is a language model reads around a query and a document, instead of special tokens.

    Each part is tokenized by itself. In front of a text and behind it is what has to be tokenized together with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str
    """Up to the query, with the instruction that the model has by itself, if it has one."""
    instructed: tuple[str, str] | None = None
    """The same around another instruction; None if the model takes none."""
    query: tuple[str, str] = ("", "")
    """In front of the query, and behind it."""
    between: str = ""
    document: tuple[str, str] = ("", "")
    """In front of a document, and behind it."""
    after: str = ""


class ModelProfile(BaseModel):
    """What a service has to know about an artefact before it loads it (`duobento.json`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_id: str = Field(min_length=1)
    revision: str = Field(min_length=1)
    kind: Kind
    backend: Backend = "torch"
    precision: str = "fp32"
    pooling: Pooling | None = None
    """How a converted graph weighs the tokens of a sequence; None for the torch original, which pools by itself."""
    activation_group_size: ActivationGroupSize | None = None
    """Of a conversion to int8, the widest that was faithful; 64 in profiles from before it was searched for."""
    refused_group_sizes: dict[int, dict[str, float]] = Field(default_factory=dict)
    """Wider groups that were tried, with the figures for which they were not taken."""
    dimension: PositiveInt | None = None
    """Length of an encoder's vectors, as they are served by default; None for a cross-encoder."""
    dimensions: tuple[PositiveInt, ...] = ()
    """Other lengths that the vectors of an encoder may have, cut from what it computes (Matryoshka)."""
    normalized: bool = True
    """Whether vectors have unit length; those whose similarity is not the cosine keep theirs."""
    include_prompt: bool = True
    """Whether pooling includes the tokens of the prompt."""
    max_tokens: PositiveInt
    """The window in tokens, special tokens included."""
    prompts: dict[PromptName, str] = Field(default_factory=dict)
    """Text put before an input, by its type; empty when the model was trained without."""
    pair_prompt: PairPrompt | None = None
    """Of a cross-encoder that reads pairs in a prompt; None where special tokens are around them."""
    quality: Literal["production", "demo"] = "production"
    license: str | None = None
    provenance: dict[str, str] = Field(default_factory=dict)
    """Where the artefact came from, versions of the tools that made it, sha256 of its weights."""
    fidelity: dict[str, float] = Field(default_factory=dict)
    """How far a converted model is from its original: the figures it was accepted with; empty for the original."""

    @model_validator(mode="before")
    @classmethod
    def _groups_were_of_one_size(cls, entries: Any) -> Any:
        if isinstance(entries, dict) and entries.get("precision") == "int8":
            return {"activation_group_size": _GROUP_SIZE_BEFORE_SEARCH} | entries
        return entries

    @model_validator(mode="after")
    def _dimension_belongs_to_encoders(self) -> Self:
        if (self.kind == "encoder") != (self.dimension is not None):
            raise ValueError("an encoder has a dimension and a cross-encoder has none")
        return self

    @property
    def all_dimensions(self) -> list[int]:
        """Every length that a request may ask for, ascending; empty for a cross-encoder."""
        return sorted({self.dimension, *self.dimensions}) if self.dimension else []

    @property
    def tag(self) -> str:
        """BentoML tag of the artefact, `name:version`."""
        return tag_of(self.model_id, self.revision, self.backend, self.precision)

    def is_of(self, model_id: str, backend: str, precision: str) -> bool:
        """Whether it describes this model in this variant; case does not matter in a model id."""
        same_model = self.model_id.lower() == model_id.lower()
        return same_model and (self.backend, self.precision) == (backend, precision)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the profile of an artefact.

        Raises:
            BadArtefact: it is missing or invalid.
        """
        try:
            return cls.model_validate_json((folder / PROFILE_FILE).read_bytes())
        except FileNotFoundError as error:
            raise BadArtefact(f"{PROFILE_FILE} is missing") from error
        except ValidationError as error:
            raise BadArtefact(f"{PROFILE_FILE} is invalid") from error

    def write(self, folder: Path) -> None:
        """Write it into an artefact's folder."""
        (folder / PROFILE_FILE).write_text(self.model_dump_json(indent=2) + "\n")


def check_parts(folder: Path) -> None:
    """Check that a folder holds what any model needs, its profile aside.

    Raises:
        BadArtefact: it has no tokenizer or no weights.
    """
    if not (folder / TOKENIZER_FILE).is_file():
        raise BadArtefact(f"{TOKENIZER_FILE} is missing")
    if not any(file.stat().st_size for pattern in WEIGHT_PATTERNS for file in folder.glob(pattern)):
        raise BadArtefact("the weights are missing")


def tag_name(model_id: str) -> str:
    """The part of a tag that names the model: readable, at most 63 characters."""
    name = re.sub(r"[^a-z0-9._-]", "-", model_id.lower().replace("/", "--")).strip("-._")
    if len(name) <= _MAX_TAG_LENGTH:
        return name or "unnamed"
    digest = hashlib.sha256(model_id.lower().encode()).hexdigest()[:8]
    return f"{name[: _MAX_TAG_LENGTH - 9]}-{digest}"


def tag_of(model_id: str, revision: str, backend: str, precision: str) -> str:
    """BentoML tag of an artefact, `name:version`; of the revision only the first 12 characters count."""
    version = re.sub(r"[^a-z0-9._-]", "-", revision.lower())[:12].strip("-._") or "unnamed"
    variant = "" if (backend, precision) == ("torch", "fp32") else f"-{backend}-{precision}"
    return f"{tag_name(model_id)}:{version}{variant}"
