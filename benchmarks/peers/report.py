"""A run as Markdown."""

from itertools import groupby

from benchmarks.markdown import table
from benchmarks.peers.goals import goals
from benchmarks.peers.results import Figures, Results

_TITLES = {
    "query": "One query of 16 tokens at a time",
    "mixed": "32 clients, one text of mixed length a request",
    "bulk": "Two clients, requests of 96 short texts",
    "rerank 20": "Rerank of 20 documents of 80 tokens, one request at a time",
    "rerank 100": "Rerank of 100 documents of 80 tokens, one request at a time",
}


def markdown(results: Results) -> str:
    """All tables."""
    parts = [
        _environment(results),
        *(_load(load, list(figures)) for load, figures in groupby(results.figures(), lambda found: found.load)),
        _memory(results),
        _interference(results),
        _goals(results),
        _behaviour(results),
        _servers(results),
        _starts(results),
        _failures(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _environment(results: Results) -> str:
    lines = [f"{name}: {value}" for name, value in (results.machine | results.models).items()]
    peaks = ", ".join(f"{name} {peak / 1e9:.0f}" for name, peak in results.peaks.items())
    return "\n".join(f"- {line}" for line in [*lines, f"GEMM peak, GFLOP/s: {peaks}"])


def _load(load: str, figures: list[Figures]) -> str:
    rows = [
        [
            found.contestant,
            found.precision,
            *(_number(value) for value in (found.p50_ms, found.p95_ms, found.p99_ms, found.tokens_per_second)),
            _ratio(found.ours_is_faster),
            _percent(found.gemm_peak_share),
        ]
        for found in figures
    ]
    head = ["", "precision", "p50 ms", "p95 ms", "p99 ms", "tokens/s", "ours is faster, times", "of the GEMM peak"]
    return f"### {_TITLES.get(load, load)}\n\n{table(head, rows, numbers=True)}"


def _memory(results: Results) -> str:
    rows = [
        [name, *(_number(memory.get(kind)) for kind in ("encoder", "cross-encoder"))]
        for name, memory in results.memory_mib.items()
    ]
    title = "### Memory after the loads\n\nResident memory of the server's processes in MiB, shared pages counted once."
    return f"{title}\n\n{table(['', 'encoder', 'cross-encoder'], rows, numbers=True)}" if rows else ""


def _interference(results: Results) -> str:
    seen = results.interference
    if not seen:
        return ""
    rows = [
        ["alone", _number(seen.idle_p50_ms), _number(seen.idle_p99_ms)],
        ["beside 3 clients with requests of 96 texts", _number(seen.bulk_p50_ms), _number(seen.bulk_p99_ms)],
    ]
    shown = table(["", "p50 ms", "p99 ms"], rows, numbers=True)
    return (
        f"### Our service: a query while bulk clients saturate it\n\n{shown}\n\n"
        f"{seen.queries} queries each. A micro-batch should take {seen.target_batch_ms:.0f} ms and took "
        f"{seen.micro_batch_ms:.0f} ms."
    )


def _goals(results: Results) -> str:
    rows = [
        [
            goal.text,
            f"{'≥' if goal.at_least else '≤'} {goal.limit:.4g}",
            f"{goal.value:.3g}",
            "yes" if goal.met else "no",
        ]
        for goal in goals(results)
    ]
    return f"### Goals\n\n{table(['', 'goal', 'measured', 'met'], rows, numbers=True)}" if rows else ""


def _behaviour(results: Results) -> str:
    questions = list(dict.fromkeys(question for seen in results.behaviour.values() for question in seen))
    rows = [
        [name, *(seen.get(question, "").replace("|", "/") for question in questions)]
        for name, seen in results.behaviour.items()
    ]
    return f"### Beside speed\n\n{table(['', *questions], rows)}" if rows else ""


def _servers(results: Results) -> str:
    rows = [
        [
            name,
            about,
            results.versions.get(name, ""),
            _fraction(results.same_model.get(name)),
            _fraction(results.score_differences.get(name)),
        ]
        for name, about in results.abouts.items()
    ]
    head = ["", "what", "versions", "cosine to the original", "largest difference of a score"]
    return f"### The servers\n\n{table(head, rows)}"


def _starts(results: Results) -> str:
    lines = [f"# {name}, {kind}\n{start}" for name, kinds in results.starts.items() for kind, start in kinds.items()]
    return "### How they were started\n\n```sh\n" + "\n".join(lines) + "\n```" if lines else ""


def _failures(results: Results) -> str:
    rows = [[name, " ".join(reason.replace("|", "/").split())] for name, reason in results.failures.items()]
    return f"### Left out\n\n{table(['', 'why'], rows)}" if rows else ""


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.0f} %"


def _fraction(value: float | None) -> str:
    return "" if value is None else f"{value:.5f}"
