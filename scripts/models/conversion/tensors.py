"""A model's weights, read some rows at a time: the file is never in memory as a whole."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.command import UsageError
from scripts.models.conversion.torch_only import needs_torch
from scripts.models.files.facts import read_json
from scripts.models.memory import is_out_of_memory

Array = NDArray[np.float32]

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
"""Whole numbers, such as rows of a table, are exact in float32 up to 16,777,216."""
_LENGTH_BYTES = 8
_BLOCK_NUMBERS = 2**22
# What TensorFlow called the parameters of a layer norm; old checkpoints still do.
_OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}


class _Place(NamedTuple):
    file: Path
    type: str
    shape: tuple[int, ...]
    offset: int


class Tensors:
    """The tensors of a folder: `model.safetensors`, its parts, or with PyTorch `pytorch_model.bin`.

    Raises:
        UsageError: there are none, or a file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._places: dict[str, _Place] = {}
        self._loaded: dict[str, Any] = {}
        whole = folder / "model.safetensors"
        files = [whole] if whole.exists() else _parts(folder)
        for file in files:
            self._places |= _read_header(file)
        if not files:
            for file in sorted(folder.glob("pytorch_model*.bin")):
                self._loaded |= {_new_name(name): tensor for name, tensor in _unpickle(file).items()}
        if not self.names:
            raise UsageError("The model has no weights in the folder of its config.json.")

    @property
    def names(self) -> set[str]:
        """Of all tensors."""
        return self._places.keys() | self._loaded.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one tensor.

        Raises:
            UsageError: it is missing.
        """
        if name in self._places:
            return self._places[name].shape
        if name not in self._loaded:
            raise UsageError(f"The weights are not those of the config.json: {name} is missing.")
        return tuple(self._loaded[name].shape)

    def read(self, name: str) -> Array:
        """One whole tensor.

        Raises:
            UsageError: it is missing.
        """
        shape = self.shape(name)
        flat = self._rows(name, 0, shape[0]) if shape else self._rows(name, 0, 1)
        return flat.reshape(shape)

    def row(self, name: str, number: int) -> Array:
        """One row of a matrix.

        Raises:
            UsageError: the matrix is missing.
        """
        rows, columns = self.shape(name)
        if not 0 <= number < rows:
            raise UsageError(f"The weights are not those of the config.json: {name} has no row {number}.")
        return self._rows(name, number, number + 1).reshape(columns)

    def blocks(self, names: Iterable[str]) -> Iterator[Array]:
        """The rows of matrices one below the other, some at a time.

        Raises:
            UsageError: one is missing.
        """
        for name in names:
            rows, columns = self.shape(name)
            step = max(1, _BLOCK_NUMBERS // columns)
            for start in range(0, rows, step):
                stop = min(rows, start + step)
                yield self._rows(name, start, stop).reshape(stop - start, columns)

    def _rows(self, name: str, start: int, stop: int) -> Array:
        if name in self._loaded:
            part: Array = self._loaded[name][start:stop].float().numpy()
            return part
        place = self._places[name]
        stored = np.dtype(_TYPES[place.type])
        each = int(np.prod(place.shape[1:]))
        offset = place.offset + start * each * stored.itemsize
        values = np.fromfile(place.file, stored, (stop - start) * each, offset=offset)
        if len(values) != (stop - start) * each:
            raise UsageError(f"{place.file.name} ends before its last tensor: get it again.")
        if place.type == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values.astype(np.float32, copy=False)


def _parts(folder: Path) -> list[Path]:
    """Those of the index: there may be others, of another version."""
    names = read_json(folder / "model.safetensors.index.json").get("weight_map", {}).values()
    return [folder / name for name in sorted({*names})] or sorted(folder.glob("model-*.safetensors"))


def _read_header(file: Path) -> dict[str, _Place]:
    try:
        with file.open("rb") as source:
            length = int.from_bytes(source.read(_LENGTH_BYTES), "little")
            if length > file.stat().st_size:
                raise ValueError("the header is longer than the file")
            header = json.loads(source.read(length))
        start = _LENGTH_BYTES + length
        return {
            _new_name(name): _Place(file, entry["dtype"], tuple(entry["shape"]), start + entry["data_offsets"][0])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in _TYPES
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{file.name} is not a safetensors file: get it again.") from error


def _unpickle(file: Path) -> dict[str, Any]:
    try:
        import torch
    except ModuleNotFoundError:
        raise needs_torch(f"{file.name} can be read") from None
    try:
        loaded: dict[str, Any] = torch.load(file, map_location="cpu", mmap=True, weights_only=True)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise UsageError(f"{file.name} cannot be read as PyTorch weights: get it again.") from error
    return loaded


def _new_name(name: str) -> str:
    for old, new in _OLD_NAMES.items():
        if name.endswith(f"LayerNorm{old}"):
            return name.removesuffix(old) + new
    return name
