"""What the bodies of all vendors' dialects have in common."""

from collections.abc import Mapping
from typing import ClassVar

from bentos.common.http import vendor_body


class VendorBody(vendor_body.VendorBody):
    """A body whose unknown fields are ignored, but for one of another vendor that would change the vectors."""

    result: ClassVar[str] = "vectors"
    changing: ClassVar[frozenset[str]] = frozenset(
        {
            *("instruction", "prompt", "prompt_name", "task", "late_chunking", "return_multivector", "chunked"),
            *("dimensions", "output_dimension", "truncate_prompt_tokens", "add_special_tokens", "input_type"),
            *("max_tokens", "truncation_direction", "truncation_side", "task_type", "extra_body"),
            *("encoding_format", "embedding_type", "embedding_types", "output_dtype"),
        }
    )
    elsewhere: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            ("instruction", "prompt", "prompt_name", "task", "task_type"), "`input_type` chooses the model's prompt"
        ),
        "extra_body": "its fields belong in the body itself",
    }
    changing_if_false: ClassVar[frozenset[str]] = frozenset({"truncate", "truncation", "normalize", "normalized"})
