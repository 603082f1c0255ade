"""`python -m scripts.doctor`, the same command as `python -m scripts doctor`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("doctor")
