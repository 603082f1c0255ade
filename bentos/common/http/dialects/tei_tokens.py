"""text-embeddings-inference's `POST /tokenize` and `POST /decode`: what a service's model makes of texts."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from bentos.common.bounds import Name, TokenId
from bentos.common.engine.token_ids import check_ids
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.errors import InvalidInput, NoItems, TooManyTokens
from bentos.common.http.dialects.tei import TEIRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.text_or_texts import TextOrTexts
from bentos.common.lifecycle import Lifecycle
from bentos.common.work_options import WorkOptions

_MOST_TOKENS = 32_768
"""Of a request, each of at least a character. Tokens and their JSON take a hundred times the memory of the text."""
_Ids: TypeAlias = Annotated[list[TokenId], Field(max_length=_MOST_TOKENS, fail_fast=True)]


class TokenizeTEIBody(BaseModel):
    """One text or several."""

    inputs: TextOrTexts
    add_special_tokens: Annotated[bool | None, Field(description="Whether special tokens are among them")] = True
    prompt_name: Annotated[Name | None, Field(description="A prompt of the model's, put in front of each")] = None


class TokenTEI(BaseModel):
    """A token; a special one has no place in the text."""

    id: int
    text: str
    special: bool
    start: int | None
    stop: int | None


class DecodeTEIBody(BaseModel):
    """Token ids of one text or of several."""

    ids: _Ids | Annotated[list[_Ids], Field(max_length=_MOST_TOKENS, fail_fast=True)]
    skip_special_tokens: Annotated[bool | None, Field(description="Whether special tokens are left out")] = True


def create_router(lifecycle: Lifecycle) -> APIRouter:
    """The router of both.

    Args:
        lifecycle: of the process, whose model is asked.
    """
    router = APIRouter(route_class=TEIRoute, tags=["text-embeddings-inference"])

    @router.post("/tokenize", summary="Tokens of texts, with their places", response_model=list[list[TokenTEI]])
    async def tokenize(body: TokenizeTEIBody, options: WorkOptions) -> Response:
        """All tokens, beyond the window, too; `start` and `stop` count characters, the prompt's included."""
        texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
        if not texts:
            raise NoItems("`inputs` cannot be empty")
        if (number := sum(map(len, texts))) > _MOST_TOKENS:
            raise TooManyTokens(f"{number} characters are more than the limit of {_MOST_TOKENS}.", loc=("inputs",))
        prompts = lifecycle.model.profile.prompts
        if body.prompt_name is not None and body.prompt_name not in prompts:
            known = ", ".join(prompts) or "none"
            raise InvalidInput(f"The model has no prompt of this name; it has {known}.", loc=("prompt_name",))
        prompt = next((text for name, text in prompts.items() if name == body.prompt_name), "")
        special = body.add_special_tokens is not False
        model = lifecycle.loaded
        lane = model.engine.admit_texts(texts, options, computes=False)

        def tokens(piece: Sequence[str]) -> list[orjson.Fragment]:
            # Written at once, as the objects of a token take four times the memory of its JSON.
            return [
                orjson.Fragment(orjson.dumps(_tokens(model.tokenizer, prompt + text, special=special)))
                for text in piece
            ]

        return ArrayJSON(await model.engine.tokenization.map(tokens, texts, lane=lane, deadline=options.deadline))

    @router.post("/decode", summary="Texts of tokens", response_model=list[str])
    async def decode(body: DecodeTEIBody, options: WorkOptions) -> Response:
        """The text of each list of token ids."""
        several = [ids for ids in body.ids if isinstance(ids, list)]
        lists = several or [[token for token in body.ids if isinstance(token, int)]]
        if (number := sum(map(len, lists))) > _MOST_TOKENS:
            raise TooManyTokens(f"{number} token ids are more than the limit of {_MOST_TOKENS}.", loc=("ids",))
        model = lifecycle.loaded
        for index, ids in enumerate(lists):
            check_ids(ids, model.tokenizer.vocabulary_size, ("ids", index) if several else ("ids",))
        lane = model.engine.admit_texts(lists, options, computes=False)
        skip = body.skip_special_tokens is not False

        def texts(piece: Sequence[Sequence[int]]) -> list[str]:
            return [model.tokenizer.text(ids, special=not skip) for ids in piece]

        answer: Any = await model.engine.tokenization.map(texts, lists, lane=lane, deadline=options.deadline)
        return ArrayJSON(answer)

    return router


def _tokens(tokenizer: Tokenizer, text: str, *, special: bool) -> list[dict[str, Any]]:
    """As `TokenTEI` describes them. Blocks."""
    encoding = tokenizer.encoding(text, special=special)
    parts = zip(encoding.ids, encoding.tokens, encoding.special_tokens_mask, encoding.offsets, strict=True)
    return [
        {
            "id": token,
            "text": name if mask else text[start:stop],
            "special": bool(mask),
            "start": None if mask else start,
            "stop": None if mask else stop,
        }
        for token, name, mask, (start, stop) in parts
    ]
