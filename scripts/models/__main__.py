"""`python -m scripts.models`, the same command as `python -m scripts models`."""

from scripts.models.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.models")
