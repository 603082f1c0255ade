"""Whether a model runs packed on this GPU: only if it gives what it gives with padding."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.backends.torch_packed.heads import CannotPack

if TYPE_CHECKING:
    from bentos.common.backends.torch_packed.model import PackedModel

_log = logging.getLogger(__name__)
_LENGTHS = (5, 12, 1, 8)
_TIMES = (1, 5)  # once within a CUDA graph, once beyond: more rows than one takes
_FIRST_ID = 5  # behind the id of padding, whose places some models do not count
# bf16 rounds to 0.4 %, and some of it adds up over the layers. A wrong mask or position is far outside.
_MOST_DIFFERENCE = 0.1


def packed_or_none(
    model: SentenceTransformer | CrossEncoder, padded: Callable[[Sequence[TokenRow]], Outputs]
) -> "PackedModel | None":
    """The packed form of a model, compared with the padded one on a few rows; none, with a line in the log, if not.

    Args:
        model: loaded, on its device.
        padded: computes rows with padding.

    Raises:
        torch.OutOfMemoryError: the GPU has too little memory.
    """
    rows = [_row(length) for length in _LENGTHS]
    expected = padded(rows)
    try:
        # Imported here: older versions of transformers have no masks by name.
        from bentos.common.backends.torch_packed.model import PackedModel

        packed = PackedModel(model)
        for times in _TIMES:
            outputs, wanted = packed.infer(rows * times), np.tile(expected, (times, 1))
            difference = np.linalg.norm(outputs - wanted) / np.linalg.norm(wanted)
            if not difference <= _MOST_DIFFERENCE:  # nor if it is not a number
                raise CannotPack(f"Packed rows differ from padded ones by {difference:.2f}.")
    except torch.OutOfMemoryError:
        raise
    except (CannotPack, ImportError, RuntimeError) as error:
        _log.warning("Texts are padded on the GPU, which is slower: %s", str(error).strip().partition("\n")[0])
        return None
    return packed


def _row(length: int) -> TokenRow:
    ids = np.arange(_FIRST_ID, _FIRST_ID + length, dtype=np.int32)
    return TokenRow(ids, np.zeros(length, np.int32))
