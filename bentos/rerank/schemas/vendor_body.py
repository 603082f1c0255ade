"""What the bodies of all vendors' dialects have in common."""

from collections.abc import Mapping
from typing import ClassVar

from bentos.common.http import vendor_body

_INSTRUCTED = "/rerank, /v1/rerank, /v2/rerank and /v1/score take an instruction, as `instruction`"


class VendorBody(vendor_body.VendorBody):
    """A body whose unknown fields are ignored, but for one of another vendor that would change the scores."""

    result: ClassVar[str] = "scores"
    changing: ClassVar[frozenset[str]] = frozenset(
        {
            *("instruction", "instruct", "chat_template", "chat_template_kwargs", "return_embeddings"),
            *("rank_fields", "max_chunks_per_doc", "overlap_tokens", "relevant_spans", "raw_scores"),
            *("max_tokens_per_doc", "max_doc_length", "max_tokens_per_query", "max_query_length"),
            *("truncate_prompt_tokens", "truncation_side", "truncation_direction"),
        }
    )
    changing_if_false: ClassVar[frozenset[str]] = frozenset(
        {"activation", "softmax", "use_activation", "truncate", "truncation"}
    )
    elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("instruction", "instruct", "chat_template_kwargs"), _INSTRUCTED
    )
