"""Reads a file once before anything is embedded, and refuses what would go wrong in the end."""

from scripts.command import UsageError
from scripts.embed.job import Format, Job
from scripts.embed.rows import Rows
from scripts.migrate.copy.template import Template
from scripts.wording import first_few

_MAX_SHOWN = 20


def survey(rows: Rows, template: Template, job: Job, written: Format) -> int:
    """How many rows there are.

    Raises:
        UsageError: the file cannot be read to its end, has rows but none with a field of the template, or has a column
            of the name that the vector would get.
    """
    count = 0
    unknown = template.fields
    columns: set[str] = set()
    for page in rows.pages():
        count += len(page)
        columns.update(*page)
        if unknown:
            missing = set(template.unknown_fields(page))
            unknown = [field for field in unknown if field in missing]
    if written is not Format.NPY and job.vector_column in columns:
        raise UsageError(
            f"{rows.name} has a column {job.vector_column!r} already: give the vectors another with --vector-column."
        )
    if count and unknown:  # exports of a cluster have parts without rows
        raise UsageError(
            f"No row of {rows.name} has {', '.join(map(repr, unknown))}: name the column of texts with --column, or a "
            f"--template. It has {first_few(sorted(columns), _MAX_SHOWN)}."
        )
    return count
