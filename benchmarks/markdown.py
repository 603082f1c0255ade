"""Tables in Markdown."""

from collections.abc import Mapping, Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: bool = False) -> str:
    """A table; with `numbers`, all columns but the first are aligned to the right."""
    rule = "---:" if numbers else "---"
    return "\n".join([_line(head), _line(["---", *[rule] * (len(head) - 1)]), *map(_line, rows)])


def table_of_figures(figures: Mapping[str, object]) -> str:
    """A table with a row for each figure."""
    return table(("figure", "value"), list(figures.items()))


def table_of_dicts(rows: Sequence[Mapping[str, object]]) -> str:
    """A table with a row for each dictionary; all have the same keys."""
    return table(list(rows[0]), [list(row.values()) for row in rows])


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
