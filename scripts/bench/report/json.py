"""The report for programs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from scripts.bench.report.content import Report


def write(report: Report, file: Path) -> None:
    """Write everything that was measured, every single request included."""
    file.write_bytes(orjson.dumps(as_dict(report), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def as_dict(report: Report) -> dict[str, Any]:
    """The report's fields, and what follows from them."""
    return {"conclusion": report.conclusion, "too_slow": report.too_slow, **asdict(report)}
