"""`python -m scripts.migrate`, the same command as `python -m scripts migrate`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("migrate")
