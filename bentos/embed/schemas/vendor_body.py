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
            *("max_tokens", "truncation_direction", "truncation_side"),
        }
    )
    elsewhere: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("instruction", "prompt", "prompt_name", "task"), "`input_type` chooses the model's prompt"
    )
    changing_if_false: ClassVar[frozenset[str]] = frozenset({"truncate", "truncation"})
