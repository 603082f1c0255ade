"""Command-line tools, one package each: `python -m scripts.<tool>`, run from the repository root."""
