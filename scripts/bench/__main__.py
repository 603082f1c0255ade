"""`python -m scripts.bench`, the same command as `python -m scripts bench`."""

from scripts.bench.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.bench")
