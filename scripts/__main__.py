"""`python -m scripts embed`; the other tools are programs of their own, `python -m scripts.<tool>`."""

import typer

from scripts.embed.command import embed

app = typer.Typer(
    help="Embed files with embed-service.", add_completion=False, no_args_is_help=True, rich_markup_mode=None
)
app.command()(embed)


@app.callback()
def main() -> None:
    """Have commands be named, also while there is only one."""


if __name__ == "__main__":
    app(prog_name="python -m scripts")
