"""Attention over packed rows, for models of transformers, which look their attention function up by its name.

On a GPU it is PyTorch's kernel for sequences of various lengths; elsewhere PyTorch's ordinary one with a mask, which
computes the same. A call that is not packed goes on to the ordinary attention.
"""

import inspect
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask
from transformers.modeling_utils import AttentionInterface

ATTENTION = "packed_rows"
"""Name of the attention function, for `set_attn_implementation`."""

_EVERYWHERE = (-1, -1)


def _varlen_kernel() -> Any:
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:  # before 2.10
        return None
    return varlen_attn


_varlen_attn = _varlen_kernel()
_VARLEN_PARAMETERS = frozenset(inspect.signature(_varlen_attn).parameters if _varlen_attn else ())


def register() -> None:
    """Make the attention function known to transformers."""
    AttentionInterface.register(ATTENTION, packed_attention)
    AttentionMaskInterface.register(ATTENTION, _mask)


def has_varlen_kernel() -> bool:
    """Whether this PyTorch has the kernel for various lengths in the form that is called here: 2.11 has."""
    return {"scale", "window_size"} <= _VARLEN_PARAMETERS


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    scaling: float | None = None,
    sliding_window: int | None = None,
    is_causal: bool | None = None,
    cu_seq_lens_q: Tensor | None = None,
    max_length_q: int = 0,
    **others: Any,
) -> tuple[Tensor, None]:
    """Each token attends to those of its own row only. The signature is the one that transformers calls.

    Args:
        module: the attention layer; it says whether it looks back only.
        query: `[1, heads, T, size of a head]`.
        key: the same; may have fewer heads.
        value: the same; may have fewer heads.
        attention_mask: of a call that is not packed.
        scaling: of the products before the softmax.
        sliding_window: how far a token sees, its own place included; none for the whole row.
        is_causal: whether tokens look back only, if the layer is not to say so.
        cu_seq_lens_q: where each row starts, and where the last ends, int32 `[rows + 1]`; none if rows are padded.
        max_length_q: tokens of the longest row.
        others: what only the ordinary attention takes.

    Returns:
        `[1, T, heads, size of a head]`, and no weights.
    """
    if cu_seq_lens_q is None:
        others |= {"scaling": scaling, "sliding_window": sliding_window, "is_causal": is_causal}
        return sdpa_attention_forward(module, query, key, value, attention_mask, **others)
    causal = bool(getattr(module, "is_causal", False)) if is_causal is None else is_causal
    reach = -1 if sliding_window is None else sliding_window - 1
    window = (reach, 0 if causal else reach)
    shared_heads = key.shape[1] != query.shape[1]
    if query.is_cuda:
        options = {"enable_gqa": True} if shared_heads and "enable_gqa" in _VARLEN_PARAMETERS else {}
        packed = (tensor.squeeze(0).transpose(0, 1) for tensor in (query, key, value))
        bounds, longest = cu_seq_lens_q, max_length_q
        output = _varlen_attn(*packed, bounds, bounds, longest, longest, scale=scaling, window_size=window, **options)
        return output.unsqueeze(0), None
    mask = _own_row(cu_seq_lens_q, query.shape[2], window)
    output = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling, enable_gqa=shared_heads)
    return output.transpose(1, 2), None


def _own_row(bounds: Tensor, tokens: int, window: tuple[int, int]) -> Tensor:
    """Who attends to whom, bool `[T, T]`: tokens of the same row, as far as the window reaches to both sides."""
    lengths = bounds.diff().long()
    numbers = torch.repeat_interleave(torch.arange(len(lengths)), lengths, output_size=tokens)
    mask = numbers[:, None] == numbers[None, :]
    if window != _EVERYWHERE:
        places = torch.arange(tokens)
        back = places[:, None] - places[None, :]
        left, right = window
        mask &= (back <= left) | (left < 0)
        mask &= (-back <= right) | (right < 0)
    return mask


def _mask(*, attention_mask: Tensor | None = None, **others: Any) -> Tensor | None:
    """The mask that transformers makes for padded rows; packed ones come without and need none."""
    return None if attention_mask is None else sdpa_mask(attention_mask=attention_mask, **others)
