"""The inputs from which static quantization learns the range of activations. None of them is in the fidelity texts."""

from bentos.common.backends.interface import Pooling, TokenRow
from bentos.common.backends.packing import groups
from bentos.common.models.store import InstalledModel
from scripts.models.conversion.graph import PackedInputs, pack
from scripts.models.digest import file_sha256
from scripts.models.fidelity.texts import ASSETS, rankings, read_entries
from scripts.models.rows import ModelRows

CALIBRATION_FILE = ASSETS / "calibration-texts.jsonl"

_PACKED_TOKENS = 256
_LANGUAGES = 6


def calibration_rows(installed: InstalledModel) -> list[TokenRow]:
    """Queries, passages, single words and long texts for an encoder; pairs, good and bad, for a cross-encoder."""
    rows = ModelRows(installed)
    if installed.profile.kind == "cross-encoder":
        found = rankings(CALIBRATION_FILE)
        return rows.of_pairs([(ranking.query, document) for ranking in found for document in ranking.documents])
    entries = read_entries(CALIBRATION_FILE)
    passages = [entry.passage for entry in entries]
    words = [entry.query.split()[0] for entry in entries]
    long = [" ".join(passages[start::_LANGUAGES]) for start in range(_LANGUAGES)]
    return rows.of("query", [entry.query for entry in entries]) + rows.of("passage", passages + words + long)


def calibration_inputs(rows: list[TokenRow], pooling: Pooling, *, uses_types: bool) -> list[PackedInputs]:
    """The rows in micro-batches of about the size that the services run."""
    parts = groups([len(row.ids) for row in rows], _PACKED_TOKENS)
    return [pack(rows[part], pooling, uses_types=uses_types) for part in parts]


def calibration_provenance(rows: list[TokenRow]) -> dict[str, str]:
    """What the profile of a statically quantized model says about its calibration."""
    return {
        "calibration": f"{len(rows)} texts in six languages, {sum(len(row.ids) for row in rows)} tokens, from "
        f"{CALIBRATION_FILE.name}",
        f"sha256 of {CALIBRATION_FILE.name}": file_sha256(CALIBRATION_FILE),
    }
