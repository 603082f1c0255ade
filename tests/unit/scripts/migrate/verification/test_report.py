import re
from pathlib import Path

import pytest

from scripts.migrate.qdrant.checkpoint import Migration
from scripts.migrate.verification.compare import Verification
from scripts.migrate.verification.report import write_report

pytestmark = pytest.mark.tools

MIGRATION = Migration(
    alias="people",
    source="people-v1",
    target="people-v2",
    template="{name}",
    vector="",
    new_vector="",
    model="model",
    revision="1",
    in_place=False,
)


def ticks(page: str) -> list[list[float]]:
    """Numbers at the axes: x and y of the first histogram, then of the second."""
    axes: list[list[float]] = [[]]
    for text in re.findall(r"<text[^>]*>([^<]+)</text>", page):
        if text.strip("0123456789.\N{MINUS SIGN}"):  # what an axis is called comes after its numbers
            axes.append([])
        else:
            axes[-1].append(float(text.replace("\N{MINUS SIGN}", "-")))
    return axes[:-1]


def written(found: Verification, path: Path) -> str:
    write_report(found, MIGRATION, path / "report.html")
    return (path / "report.html").read_text()


@pytest.mark.parametrize(
    ("cosines", "least"),
    [
        ([1.0, 1.0 + 1e-7, 1.0 - 1e-7], 0.99),
        ([1.0], 0.99),
        ([], 0.99),
        ([0.972, 1.0], 0.97),
        ([-0.004, 0.5, 1.0], -0.01),
    ],
)
def test_axes_have_the_range_of_cosines(tmp_path: Path, cosines: list[float], least: float) -> None:
    page = written(Verification(points=(3, 3), cosines=cosines, overlaps=[0.5, 1.0]), tmp_path)
    overlap, queries, cosine, points = ticks(page)
    assert (overlap[0], overlap[-1]) == (0.0, 1.0)
    assert least <= cosine[0] < cosine[-1] <= 1.0
    assert all(number == int(number) for number in queries + points)


def test_one_point_is_in_the_singular(tmp_path: Path) -> None:
    page = written(Verification(points=(1, 2), failed=1, overlaps=[1.0]), tmp_path)
    assert "people-v1, 1 point<" in page
    assert "people-v2, 2 points, 1 failed<" in page
    assert "1.00 on average of 1 point;" in page
