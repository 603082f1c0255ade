"""Headers of the answers of all dialects: what became of the texts where a dialect's body does not say it."""

from bentos.common.http.headers import CHUNKED, INPUT_TYPE, truncated_header
from bentos.embed.request import Embeddings


def answer_headers(result: Embeddings) -> dict[str, str]:
    """`X-Input-Type`, by which the prompt was chosen, and `X-Truncated` and `X-Chunked`, if any text was."""
    headers = {INPUT_TYPE: result.input_type.value}
    if result.truncated:
        headers |= truncated_header(result.truncated)
    if result.chunked:
        headers[CHUNKED] = ",".join(map(str, result.chunked))
    return headers
