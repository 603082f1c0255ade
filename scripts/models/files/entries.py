"""The entries of a model's JSON files that are read here, with their types; the library that loads it reads others."""

from fnmatch import fnmatch
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from scripts.command import UsageError


class _Entries(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Config(_Entries):
    """Of the transformer, and of the modules behind it."""

    activation_function: str | None = None
    architectures: list[str] | None = None
    auto_map: dict[str, Any] | None = None
    configuration_files: list[str] | None = None
    false_token_id: int | None = None
    id2label: dict[str, Any] | None = None
    matryoshka_dimensions: list[int] | None = None
    max_position_embeddings: NonNegativeInt | None = None
    model_type: str | None = None
    module_input_name: str | None = None
    module_output_name: str | None = None
    num_labels: int | None = None
    pad_token_id: int | None = None
    quantization_config: dict[str, Any] | None = None
    true_token_id: int | None = None


class _SentenceTransformers(_Entries):
    default_prompt_name: str | None = None
    model_type: str | None = None
    prompts: dict[str, str | None] | None = None
    similarity_fn_name: str | None = None
    truncate_dim: NonNegativeInt | None = None


class _Processor(_Entries):
    model_max_length: NonNegativeInt | None = None
    padding_side: str | None = None
    truncation_side: str | None = None


class _Transformer(_Entries):
    config_args: dict[str, Any] | None = None
    config_kwargs: dict[str, Any] | None = None
    max_seq_length: NonNegativeInt | None = None
    modality_config: dict[str, dict[str, Any]] | None = None
    model_args: dict[str, Any] | None = None
    model_kwargs: dict[str, Any] | None = None
    processor_kwargs: _Processor | None = None
    tokenizer_args: _Processor | None = None


class _SpecialTokens(_Entries):
    additional_special_tokens: list[Any] | None = None
    extra_special_tokens: list[Any] | dict[str, Any] | None = None


class _TokenizerConfig(_SpecialTokens):
    add_prefix_space: bool | None = None
    added_tokens_decoder: dict[str, dict[str, Any]] | None = None
    do_lower_case: bool = True
    fast_tokenizer_files: list[str] | None = None
    model_input_names: list[str] | None = None
    model_max_length: float | None = None
    padding_side: str | None = None
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True
    tokenizer_class: str | None = None
    truncation_side: str | None = None


class _Truncation(_Entries):
    direction: str | None = None
    max_length: NonNegativeInt | None = None


class _Tokenizer(_Entries):
    truncation: _Truncation | None = None


class _Index(_Entries):
    weight_map: dict[str, str] = {}


_FILES: dict[str, type[_Entries]] = {
    "config.json": _Config,
    "config_sentence_transformers.json": _SentenceTransformers,
    "sentence_*_config.json": _Transformer,
    "special_tokens_map.json": _SpecialTokens,
    "tokenizer_config.json": _TokenizerConfig,
    "tokenizer.json": _Tokenizer,
    "*.index.json": _Index,
}


def checked(name: str, content: object) -> dict[str, Any]:
    """The JSON object in a file of this name; numbers may be written as texts.

    Raises:
        UsageError: It is no object, or an entry that is read has another type.
    """
    if not isinstance(content, dict):
        raise UsageError(f"{name} of the model is not a JSON object.")
    entries = next((known for pattern, known in _FILES.items() if fnmatch(name, pattern)), _Entries)
    try:
        return entries.model_validate(content).model_dump(exclude_unset=True)
    except ValidationError as error:
        first = error.errors()[0]
        place, problem = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Input ")
        raise UsageError(f"{name} of the model is not valid: {place} {problem}.") from error
