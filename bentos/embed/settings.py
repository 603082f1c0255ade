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
        description=f"Model id as installed; unset, the bento's own model, or `{DEFAULT_MODEL}` outside a bento",
    )
    model_revision: str | None = Field(None, description="Revision of the model; unset, the newest installed")
    model_aliases: CommaSeparated = Field(
        [],
        description="Other names, separated by commas, by which requests may call the model, such as "
        "`embed-multilingual-v3.0`. With `:query`, `:passage` or `:none` behind it, as in `e5-passage:passage`, a name "
        "is also the input type of requests that do not say one. A misspelt type is refused; any other word behind a "
        "colon, as in `e5:latest`, belongs to the name",
    )
    default_input_type: Literal["query", "passage", "none"] = Field(
        "query",
        description="Input type of requests that do not say one, neither by a field nor by their model's name; with "
        "`none` their texts get no prompt. `X-Input-Type` names it in each answer",
    )
    tei_input_type: Literal["query", "passage", "none"] = Field(
        "none",
        description="The same for the dialect of text-embeddings-inference, whose clients add prompts themselves or by "
        "`prompt_name`",
    )
    token_ids: TokenIds = Field(
        "none",
        description="Token ids in place of texts at `/v1/embeddings`: `none` refuses them, `own` takes them as the "
        "served model's, `cl100k` as OpenAI's, which needs tiktoken to be installed",
    )
    detect_prompts: bool = Field(
        True,
        description="Whether a text that begins with one of the model's prompts, letter by letter, is given no other",
    )
    chunked: bool = Field(
        False,
        description="Whether a text over the window is read in pieces, its vector being their mean, weighted by "
        "length, in requests that say neither `chunked` nor `truncate`; `X-Chunked` names them",
    )
    max_tokens_per_text: int = Field(
        16_384, ge=1, description="Tokens of a text that are read in pieces; what lies beyond is truncated"
    )
    max_texts: int = Field(2048, ge=1, le=MOST_ITEMS, description="Most texts in one request")

    @field_validator("model_aliases")
    @classmethod
    def _have_one_type_each(cls, aliases: list[str]) -> list[str]:
        TypedModelNames("", aliases)
        return aliases
