"""`python -m scripts.serve`, the same command as `python -m scripts serve`."""

from scripts.__main__ import run

if __name__ == "__main__":
    run("serve")
