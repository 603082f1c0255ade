"""Fields that clients of vLLM may send to any of its routes, and the bodies and answers of `/score`."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator

from bentos.common.bounds import NOT_BOOLEAN, Name, Text, Texts
from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InvalidInput, shortened
from bentos.common.http.text_or_texts import text_or_texts
from bentos.common.http.truncate import check_side
from bentos.common.http.vendor_body import differing
from bentos.rerank.schemas.vendor_body import VendorBody

_SIDES = [("text_1", "text_2"), ("data_1", "data_2"), ("queries", "documents"), ("queries", "items")]
_NAMES = ", ".join(f"`{first}` and `{second}`" for first, second in _SIDES)
_Side: TypeAlias = Annotated[
    str | list[str] | None,
    PlainValidator(
        lambda value, info: None if value is None else text_or_texts(value, info),
        json_schema_input_type=Text | Texts | None,
    ),
]


class ChatTemplateKwargs(BaseModel):
    """What vLLM's chat template of a reranker is given besides query and document. Empty values say nothing."""

    model_config = ConfigDict(extra="allow")

    instruction: Text | None = None

    @model_validator(mode="after")
    def _has_no_other(self) -> Self:
        if unknown := next((name for name, value in (self.model_extra or {}).items() if value), None):
            raise InvalidInput(
                "It would change the scores: the only one that is obeyed here is `instruction`.",
                loc=("chat_template_kwargs", shortened(unknown)),
            )
        return self


class VLLMBody(VendorBody):
    """What is the same in all bodies."""

    instruction: Annotated[
        Text | None, Field(description="What to judge by, for models that take an instruction; others refuse it")
    ] = None
    chat_template_kwargs: Annotated[
        ChatTemplateKwargs | None,
        Field(description="Its `instruction` is another place for that field; any other key is refused"),
    ] = None
    truncate_prompt_tokens: Annotated[
        int | None,
        Field(
            ge=-1,
            description="Of each document one window is scored, in which it, the query and special tokens are no more "
            "than so many; -1 means the model's window",
        ),
        NOT_BOOLEAN,
    ] = None
    truncation_side: Annotated[
        Literal["left", "right", None], Field(description="Side on which tokens are lost with `truncate_prompt_tokens`")
    ] = None
    use_activation: Annotated[bool | None, Field(description="False for logits instead of their sigmoid")] = None

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        if self.instruction and self.judged_by != self.instruction:
            raise differing("instruction", "chat_template_kwargs")
        check_side(self.truncation_side, self.truncate_prompt_tokens)
        return self

    @property
    def judged_by(self) -> str | None:
        """The instruction, in whichever place the request has it."""
        return (self.chat_template_kwargs and self.chat_template_kwargs.instruction) or self.instruction

    @property
    def pair_limits(self) -> dict[str, Any]:
        """Attributes of a request that `truncate_prompt_tokens` sets."""
        if self.truncate_prompt_tokens is None:
            return {}
        side: Truncation = "start" if self.truncation_side == "left" else "end"
        tokens = None if self.truncate_prompt_tokens == -1 else self.truncate_prompt_tokens
        return {"max_windows_per_doc": 1, "max_pair_tokens": tokens, "truncate": side}


class ScoreBody(VLLMBody):
    """Two texts, one with each of several, or as many as several, under any of vLLM's pairs of names."""

    model: Annotated[Name | None, Field(description="The served model's id or one of its aliases")] = None
    text_1: _Side = None
    text_2: _Side = None
    data_1: _Side = None
    data_2: _Side = None
    queries: _Side = None
    documents: _Side = None
    items: _Side = None

    @model_validator(mode="after")
    def _has_two_sides(self) -> Self:
        given = [pair for pair in _SIDES if all(getattr(self, name) is not None for name in pair)]
        if len(given) != 1:
            raise ValueError(f"Input should have {_NAMES}, one of these pairs")
        return self

    @property
    def sides(self) -> tuple[str, str]:
        """Names of the two fields that hold texts."""
        return next(pair for pair in _SIDES if all(getattr(self, name) is not None for name in pair))

    def texts(self, side: str) -> list[str]:
        """Texts of one of them."""
        value: str | list[str] = getattr(self, side)
        return [value] if isinstance(value, str) else value


class ScoreItem(BaseModel):
    """Score of one pair."""

    index: int
    object: Literal["score"]
    score: Annotated[float, Field(description="Sigmoid of the model's logit, between 0 and 1")]


class ScoreUsage(BaseModel):
    """Tokens of all windows, the query counted in each."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: Annotated[int, Field(description="Always 0")]


class ScoreAnswer(BaseModel):
    """Scores in the order of the pairs."""

    id: Annotated[str, Field(description="The request's id")]
    object: Literal["list"]
    created: Annotated[int, Field(description="Seconds since 1970")]
    model: str
    data: list[ScoreItem]
    usage: ScoreUsage
