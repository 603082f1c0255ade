"""`python -m scripts.migrate`, the same command as `python -m scripts migrate`."""

from scripts.migrate.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.migrate")
