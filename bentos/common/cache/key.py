"""Rows as the cache has them: under which key, and as which bytes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.cache.interface import Key, Payload

DType: TypeAlias = Literal["float32", "float16"]

NAMESPACE = "duobento"
_FORMAT_VERSION = 1
_AUTHENTICATED_FORMAT_VERSION = 2
_DIGEST_BYTES = 20
_REVISION_CHARACTERS = 12


@dataclass(frozen=True, slots=True)
class Identity:
    """What computes the outputs, and how they are kept. Entries are shared where all of it is equal.

    Attributes:
        service: name of the service.
        model_id: of the served model.
        revision: of the model.
        backend: name of the runtime.
        precision: in which it computes.
        width: numbers per row.
        dtype: of the numbers that are kept.
        profile: all that the model's artefact says of itself, sha256 of its weights included.
        secret: of the operator, or empty.
    """

    service: str
    model_id: str
    revision: str
    backend: str
    precision: str
    width: int
    dtype: DType
    profile: str
    secret: str = ""

    @property
    def prefix(self) -> str:
        """What all keys begin with where several services share a store."""
        model = f"{self.service}:{self.model_id}:{self.revision[:_REVISION_CHARACTERS]}"
        variant = f"{self.backend}-{self.precision}:{self.width}:{self.dtype}"
        version = _AUTHENTICATED_FORMAT_VERSION if self.secret else _FORMAT_VERSION
        return f"{NAMESPACE}:{version}:{model}:{variant}:"


class KeyedRow(NamedTuple):
    """A row and what it is found by in the cache."""

    row: TokenRow
    key: Key


class RowHasher:
    """Hashes token rows. Prompt and truncation are in the token ids, so they need no place of their own.

    The hash's own key comes from the model's profile and the operator's secret. With a secret, who reads the cache
    cannot find out whether a text that they guess is in it.
    """

    def __init__(self, identity: Identity) -> None:
        secret = hashlib.blake2b(identity.secret.encode()).digest()
        key = hashlib.blake2b(identity.profile.encode(), key=secret).digest()
        self._hash = hashlib.blake2b(key=key, digest_size=_DIGEST_BYTES)

    def __call__(self, row: TokenRow) -> Key:
        """160 bits for one row."""
        state = self._hash.copy()
        # The first two have the same length and the third an odd one, so no other row has the same bytes.
        state.update(row.ids.data)
        state.update(row.type_ids.data)
        if row.prompt:
            state.update(row.prompt.to_bytes(4, "little"))
        return state.digest()

    def keyed(self, row: TokenRow) -> KeyedRow:
        """A row with its key."""
        return KeyedRow(row, self(row))


class RowCodec:
    """Raw little-endian numbers, all of them finite.

    Attributes:
        size: bytes of a payload.
    """

    def __init__(self, width: int, dtype: DType) -> None:
        self._width = width
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self.size = width * self._dtype.itemsize

    def write(self, outputs: Outputs) -> list[Payload | None]:
        """A payload of each row of float32 `[rows, width]`; none where float16 has no room for a number."""
        with np.errstate(over="ignore"):
            rows = outputs.astype(self._dtype)
        raw = rows.tobytes()
        payloads = [raw[start : start + self.size] for start in range(0, len(raw), self.size)]
        finite = np.isfinite(rows)
        if finite.all():
            return [*payloads]
        return [payload if finite[row].all() else None for row, payload in enumerate(payloads)]

    def read(self, payloads: Sequence[Payload]) -> Outputs:
        """Float32 `[payloads, width]`; of float32 the very bits that were written."""
        rows = np.frombuffer(b"".join(payloads), self._dtype).reshape(len(payloads), self._width)
        return rows.astype(np.float32, copy=False)

    def are_finite(self, payloads: Sequence[Payload]) -> bool:
        """Whether none of the numbers is infinite or NaN."""
        return bool(np.isfinite(np.frombuffer(b"".join(payloads), self._dtype)).all())
