"""Writes the parts of the documentation that the settings classes hold: `python -m scripts.docs`, or `make docs`."""
