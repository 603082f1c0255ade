"""`python -m scripts.models`, the same command as `python -m scripts models`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("models")
