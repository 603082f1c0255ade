"""Token ids at OpenAI's path: refused, the served model's own, or OpenAI's, as the setting says."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from bentos.common.errors import InvalidInput
from bentos.embed.cl100k import Cl100k
from bentos.embed.schemas.inputs import Inputs
from bentos.embed.settings import TokenIds

Texts: TypeAlias = Sequence[str | Sequence[int]]
_REFUSED = (
    "Token ids are refused here, as they mostly are those of another model's tokenizer and would give the vector of "
    "another text: send strings. In LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False. EMBED_TOKEN_IDS "
    "allows the served model's ids or cl100k_base's."
)


def token_ids_reader(allowed: TokenIds) -> Callable[[Inputs], Texts]:
    """What makes of a request's inputs the texts that are encoded.

    Raises:
        SystemExit: the setting needs what is not installed.
    """
    cl100k = Cl100k() if allowed == "cl100k" else None

    def read(inputs: Inputs) -> Texts:
        if allowed == "own" or all(isinstance(text, str) for text in inputs.texts):
            return inputs.texts
        if not cl100k:
            index = next(index for index, text in enumerate(inputs.texts) if not isinstance(text, str))
            raise InvalidInput(_REFUSED, loc=("texts", index))
        return [
            text if isinstance(text, str) else cl100k.text(text, ("texts", index))
            for index, text in enumerate(inputs.texts)
        ]

    return read
