"""Images by digest and GitHub's actions by commit: `python -m scripts.pin`."""
