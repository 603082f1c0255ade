"""Settings of embed-service."""

from typing import Literal, TypeAlias

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from bentos.common.bounds import MOST_ITEMS
from bentos.common.settings import CommaSeparated, EngineSettings
from bentos.embed.model_names import TypedModelNames

DEFAULT_MODEL = "intfloat/multilingual-e5-large"
TokenIds: TypeAlias = Literal["none", "own", "cl100k"]


class EmbedSettings(EngineSettings):
    """Read from variables with the prefix `EMBED_`."""

    model_config = SettingsConfigDict(env_prefix="EMBED_", frozen=True, env_ignore_empty=True)

    model: str | None = Field(
        None,
        description=f"Id of an installed model; unset: the bento's own model, or `{DEFAULT_MODEL}` outside a bento",
    )
    model_revision: str | None = Field(None, description="Revision of the model; unset: the newest installed")
    model_aliases: CommaSeparated = Field(
        [],
        description="Other names, separated by commas, by which requests may call the model, such as "
        "`embed-multilingual-v3.0`. With the suffix `:query`, `:passage` or `:none`, as in `e5-passage:passage`, a "
        "name also sets the input type of requests that have none. A misspelt type is refused; any other suffix after "
        "a colon, as in `e5:latest`, is part of the name",
    )
    default_input_type: Literal["query", "passage", "none"] = Field(
        "query",
        description="Input type of requests that have none, neither in a field nor by their model's name; with "
        "`none` their texts get no prompt. `X-Input-Type` in each response names the type",
    )
    tei_input_type: Literal["query", "passage", "none"] = Field(
        "none",
        description="The same for the dialect of text-embeddings-inference, whose clients add prompts themselves or by "
        "`prompt_name`",
    )
    token_ids: TokenIds = Field(
        "none",
        description="Token ids instead of texts at `/v1/embeddings`: `none` refuses them, `own` takes them as the "
        "served model's, `cl100k` as OpenAI's, for which tiktoken has to be installed",
    )
    detect_prompts: bool = Field(
        True,
        description="Whether a text that already begins with exactly one of the model's prompts gets no other",
    )
    chunked: bool = Field(
        False,
        description="Whether a text longer than the window is embedded in pieces, as the mean of their vectors, "
        "weighted by length, if the request has neither `chunked` nor `truncate`; `X-Chunked` names such texts",
    )
    max_tokens_per_text: int = Field(
        16_384, ge=1, description="Tokens of a text that is embedded in pieces; the rest is truncated"
    )
    max_texts: int = Field(2048, ge=1, le=MOST_ITEMS, description="Maximum number of texts in one request")

    @field_validator("model_aliases")
    @classmethod
    def _have_one_type_each(cls, aliases: list[str]) -> list[str]:
        TypedModelNames("", aliases)
        return aliases
