from pathlib import Path

import pytest

from scripts.bench.texts import Texts, read_lines
from scripts.command import UsageError


def words(texts: list[str]) -> list[str]:
    """The texts without their marks."""
    return [text.partition(" ")[2] for text in texts]


def test_every_text_is_new_also_when_the_lines_of_a_file_come_again() -> None:
    sent = Texts("fixed:3", ["heron", "egret"]).take(6) + Texts("fixed:3", ["heron", "egret"]).take(6)
    assert len(set(sent)) == 12
    assert words(sent) == ["heron", "egret"] * 6


def test_the_same_seed_gives_the_same_texts() -> None:
    first, again, other = (words(Texts("lognormal:20", seed=seed).take(50)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("lengths", "shortest", "median", "longest"),
    [("fixed:7", 7, 7, 7), ("uniform:5:25", 5, 15, 25), ("lognormal:30", 3, 30, 150)],
)
def test_lengths_follow_their_distribution(lengths: str, shortest: int, median: int, longest: int) -> None:
    counts = sorted(len(text.split()) for text in words(Texts(lengths).take(2000)))
    assert shortest <= counts[0]
    assert counts[-1] <= longest
    assert abs(counts[1000] - median) <= 2
    assert len(set(counts)) > 10 or lengths.startswith("fixed")


@pytest.mark.parametrize("lengths", ["", "30", "normal:3", "fixed:0", "uniform:9:3", "uniform:0:3", "lognormal:-1"])
def test_lengths_of_another_form_are_explained(lengths: str) -> None:
    with pytest.raises(UsageError, match="Lengths"):
        Texts(lengths)


def test_blank_lines_are_left_out_and_a_missing_or_empty_file_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "texts"
    file.write_text("one\n\n two \n")
    assert read_lines(file) == ["one", "two"]
    with pytest.raises(UsageError, match="cannot be read"):
        read_lines(tmp_path / "absent")
    with pytest.raises(UsageError, match="empty"):
        Texts("fixed:1", [])
