"""`python -m scripts embed` and `evaluate`; the other tools are programs of their own, `python -m scripts.<tool>`."""

import typer

from scripts.embed.command import embed
from scripts.evaluate.command import evaluate

app = typer.Typer(
    help="Embed files, and evaluate searches, with the two services.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command()(embed)
app.command()(evaluate)


if __name__ == "__main__":
    app(prog_name="python -m scripts")
