"""`python -m scripts.bench`, the same command as `python -m scripts bench`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("bench")
