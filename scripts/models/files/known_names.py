"""Models that are known by their names, also under those of their conversions."""

import re

# Of the same weights in other numbers or files, so with the same prompts and sizes; other suffixes are other models.
_CONVERSIONS = r"(-(qat|unquantized|q(\d\w*)?|int[48]|[248]-?bit|fp16|fp32|bf16|onnx|openvino))*"


def is_of_family(model_id: str, family: str) -> bool:
    """Whether a model id, whoever its owner is, has a name of this pattern or is a conversion of one that has."""
    return re.search(rf"(^|/)({family}){_CONVERSIONS}$", model_id, re.IGNORECASE) is not None
