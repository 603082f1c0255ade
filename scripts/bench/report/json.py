"""The report for programs."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from scripts.bench.client import Outcome
from scripts.bench.open_loop import Load
from scripts.bench.report.content import Report
from scripts.bench.search import SearchTimes


def write(report: Report, file: Path) -> None:
    """Write everything that was measured, every single request included."""
    file.write_bytes(orjson.dumps(as_dict(report), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))


def as_dict(report: Report) -> dict[str, Any]:
    """The report's fields, and what follows from them."""
    judged = {"conclusion": report.conclusion, "too_slow": report.too_slow, "not_held": report.not_held}
    content = {**judged, **asdict(report)}
    content["compared"] = [asdict(compared) | {"ratio": compared.ratio} for compared in report.compared]
    if report.load:
        content["load"] = load_summary(report.load) | content["load"] | {"windows": report.load.windows()}
    if report.search:
        content["search"]["figures"] = search_summary(report.search)
    if report.saturation:
        best = report.saturation.best
        content["saturation"] = {
            "best_rate": best and best.rate,
            "limited_by_generator": report.saturation.limited_by_generator,
            "steps": [load_summary(step) for step in report.saturation.steps],
        }
    return content


def search_summary(times: SearchTimes) -> dict[str, Any]:
    """Percentiles of whole searches and of their stages, and each stage's share."""
    stages = {
        stage.value: {
            "p50": times.percentile(50, stage),
            "p95": times.percentile(95, stage),
            "share": times.share(stage),
        }
        for stage in times.milliseconds
    }
    return {"p50": times.percentile(50), "p95": times.percentile(95), "stages": stages}


def load_summary(load: Load) -> dict[str, Any]:
    """The figures of an open-loop run."""
    return {
        "rate": load.rate,
        "sent": len(load.requests),
        **{outcome.value.replace(" ", "_"): load.count(outcome) for outcome in Outcome},
        "goodput": load.goodput,
        **{f"p{percent}": load.percentile(percent) for percent in (50, 95, 99)},
        "generator_late_p99_ms": load.lateness_ms,
        "trustworthy": load.trustworthy,
        "holds": load.holds,
    }
