"""`python -m scripts.cache`, the same command as `python -m scripts cache`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("cache")
