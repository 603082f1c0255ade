"""`python -m scripts.serve`, the same command as `python -m scripts serve`."""

from scripts.serve.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.serve")
