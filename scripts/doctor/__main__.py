"""`python -m scripts.doctor`, the same command as `python -m scripts doctor`."""

from scripts.doctor.cli import app

if __name__ == "__main__":
    app(prog_name="python -m scripts.doctor")
