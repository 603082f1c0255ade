"""What the bodies of all vendors' dialects have in common."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import model_validator
from pydantic.json_schema import SkipJsonSchema

from bentos.common.bounds import Count
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
            *("truncate_prompt_tokens", "truncation_side", "truncation_direction", "extra_body"),
        }
    )
    changing_if_false: ClassVar[frozenset[str]] = frozenset(
        {"activation", "softmax", "use_activation", "truncate", "truncation", "normalize"}
    )
    elsewhere: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("instruction", "instruct", "chat_template_kwargs"), _INSTRUCTED),
        "extra_body": "its fields belong in the body itself",
    }


class BestFirstBody(VendorBody):
    """A body that is answered with a ranking. It may be cut to its best results, by any vendor's name of that."""

    # Not in the OpenAPI document, but for the one that the vendor has.
    top_n: SkipJsonSchema[Count] = None
    top_k: SkipJsonSchema[Count] = None

    @model_validator(mode="after")
    def _has_one_length(self) -> Self:
        if len({self.top_n, self.top_k} - {None}) > 1:
            raise vendor_body.differing("top_n", "top_k")
        return self

    @property
    def most_results(self) -> int | None:
        """By either name; none is all."""
        return self.top_n or self.top_k
