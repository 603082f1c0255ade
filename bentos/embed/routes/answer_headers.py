"""Headers of the answers of all dialects: what became of the texts where a dialect's body does not say it."""

from bentos.common.http.headers import INPUT_TYPE, truncated_header
from bentos.embed.request import Embeddings


def answer_headers(result: Embeddings) -> dict[str, str]:
    """`X-Input-Type`, by which the prompt was chosen, and `X-Truncated`, if any text was."""
    return {INPUT_TYPE: result.input_type.value, **truncated_header(result.truncated)}
