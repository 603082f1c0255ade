"""The verification as a page with histograms."""

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from scripts.migrate.qdrant.checkpoint import Migration
from scripts.migrate.verification.compare import MIN_COSINE, Verification
from scripts.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def write_report(found: Verification, migration: Migration, path: Path) -> None:
    """Write the page: what was compared, what is wrong, how neighbours changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals["counted"] = counted
    template = environment.from_string(_TEMPLATE.read_text())
    path.write_text(template.render(found=found, migration=migration, picture=_picture(found)))


def _picture(found: Verification) -> str:
    """Histograms as SVG: overlap of neighbours, and cosine of stored vectors to their texts embedded again."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3), layout="constrained")
    FigureCanvasSVG(figure)
    left, right = figure.subplots(1, 2)
    _histogram(left, found.overlaps, 11, 0.0, "share of neighbours that old and new have in common", "queries")
    # Rounding takes cosines a little over 1, and a picture of all of them would show nothing but that.
    minimum = min(MIN_COSINE, math.floor(min(found.cosines, default=1.0) * 100) / 100)
    cosines = [min(cosine, 1.0) for cosine in found.cosines]
    _histogram(right, cosines, 20, minimum, "cosine of stored vector and text embedded again", "points")
    output = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(output, format="svg", metadata={"Date": None})
    return output.getvalue().partition("?>")[2]


def _histogram(axes: "Axes", values: list[float], bins: int, minimum: float, what: str, of: str) -> None:
    """Values from `minimum` to 1."""
    from matplotlib.ticker import MaxNLocator

    axes.hist(values, bins=bins, range=(minimum, 1), color="#3b6ea5")
    axes.set(xlabel=what, ylabel=of, xlim=(minimum, 1), ylim=(0, max(1, axes.get_ylim()[1])))
    axes.ticklabel_format(useOffset=False)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
