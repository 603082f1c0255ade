"""The verification as a page with a picture."""

import io
from pathlib import Path

import jinja2

from scripts.migrate.checkpoint import Migration
from scripts.migrate.verify import Verification

_TEMPLATE = Path(__file__).with_name("report.html.j2")


def write_report(found: Verification, migration: Migration, path: Path) -> None:
    """Write the page: what was compared, what is wrong, how neighbours changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
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
    left.hist(found.overlaps, bins=11, range=(0, 1), color="#3b6ea5")
    left.set(xlabel="neighbours that old and new have in common", ylabel="queries", xlim=(0, 1))
    right.hist(found.cosines, bins=20, color="#3b6ea5")
    right.set(xlabel="cosine of stored vector and text embedded again", ylabel="points")
    output = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}):
        figure.savefig(output, format="svg", metadata={"Date": None})
    return output.getvalue().partition("?>")[2]
