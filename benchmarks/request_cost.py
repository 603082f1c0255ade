"""What a request costs in this checkout against another one, such as the commit before: a cached query, and new texts.

    python -m benchmarks.request_cost --checkout DIR [--model ID] [--rounds N] [--json FILE]

Both services run side by side and are asked in turn, so that what else the machine does meets both alike.
"""

from pathlib import Path
from statistics import median
from typing import Annotated

import orjson
import typer

from benchmarks.load import answered_load
from benchmarks.machine import processor
from benchmarks.markdown import table
from benchmarks.rounds import median_ratio
from benchmarks.served import ROOT, served
from benchmarks.texts import mixed_texts
from bentos.common.models import store as model_store
from bentos.common.models.store import InstalledModel

_QUERY = "Which contacts design networks for hospitals in Berlin and speak French?"
_QUERIES = 300
_TEXTS = 640
_CLIENTS = 32
_CACHE = {"CACHE_URL": "memory"}
QUERY, TEXTS = "one cached query: p50 ms", f"new texts, {_CLIENTS} clients: ms a text"
Costs = dict[str, dict[str, list[float]]]
"""Milliseconds of each round, by what was asked and by side."""


def measure(model: InstalledModel, checkout: Path, rounds: int, texts_count: int) -> Costs:
    """Ask both sides in turn, each first in every other round."""
    settings = _CACHE | {"EMBED_MODEL": model.profile.model_id}
    costs: Costs = {what: {"this": [], "other": []} for what in (QUERY, TEXTS)}
    with served("embed", settings) as this, served("embed", settings, checkout) as other:
        urls = {"this": this.url, "other": other.url}
        for number in range(rounds + 1):
            texts = mixed_texts(texts_count, model.path, model.profile.max_tokens, seed=10_000 * number)
            new = [{"text": f"{number} {text}"} for text in texts]
            for side in sorted(urls, reverse=bool(number % 2)):
                query = answered_load(urls[side], [{"text": _QUERY}] * _QUERIES).percentile(50)
                seconds = answered_load(urls[side], new, _CLIENTS).seconds
                if number:  # the first round warms up
                    costs[QUERY][side].append(query)
                    costs[TEXTS][side].append(seconds / texts_count * 1000)
    return costs


def summary(costs: Costs) -> dict[str, dict[str, float]]:
    """Medians of both sides, and of the ratios round by round; below 1 this checkout costs less."""
    return {
        what: {
            "this": round(median(sides["this"]), 3),
            "other": round(median(sides["other"]), 3),
            "ratio": round(median_ratio(sides["this"], sides["other"]), 3),
            "rounds": len(sides["this"]),
        }
        for what, sides in costs.items()
    }


def main(
    checkout: Annotated[Path, typer.Option(help="Another checkout of this repository.")],
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of both sides in turn.")] = 16,
    texts: Annotated[int, typer.Option(min=_CLIENTS, help="New texts of a round.")] = _TEXTS,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as a Markdown table."""
    if checkout.resolve() == ROOT.resolve():
        raise typer.BadParameter("that is this checkout", param_hint="--checkout")
    found = summary(measure(model_store.find(model), checkout.resolve(), rounds, texts))
    columns = ("this", "other", "ratio", "rounds")
    typer.echo(table(["", *columns], [[what, *(row[column] for column in columns)] for what, row in found.items()]))
    if json:
        figures = {"model": model, "processor": processor(), **found}
        json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    typer.run(main)
