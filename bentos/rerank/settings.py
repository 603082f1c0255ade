"""Settings of rerank-service."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from bentos.common.bounds import MOST_ITEMS
from bentos.common.settings import CommaSeparated, EngineSettings

DEFAULT_MODEL = "BAAI/bge-reranker-base"


class RerankSettings(EngineSettings):
    """Read from variables with the prefix `RERANK_`."""

    model_config = SettingsConfigDict(env_prefix="RERANK_", frozen=True, env_ignore_empty=True)

    model: str | None = Field(
        None,
        description=f"Id of an installed model; unset: the bento's own model, or `{DEFAULT_MODEL}` outside a bento",
    )
    model_revision: str | None = Field(None, description="Revision of the model; unset: the newest installed")
    model_aliases: CommaSeparated = Field(
        [],
        description="Other names, separated by commas, by which requests may call the model, "
        "such as `rerank-v4.0-pro,rerank-v5.0-pro`",
    )
    max_documents: int = Field(
        1000, ge=1, le=MOST_ITEMS, description="Maximum number of documents in one request; Cohere's API allows 10,000"
    )
    max_tokens_per_doc: int = Field(
        4096, ge=1, description="Tokens of a document that are scored; a request may ask for fewer"
    )
    window_overlap_tokens: int = Field(
        64,
        ge=0,
        description="Tokens that neighbouring windows of a long document share; at most half a window",
    )
