"""`python -m scripts.cache`, the same command as `python -m scripts cache`."""

from scripts.cache.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.cache")
