"""Embeds the rows of a file, or of a folder of files, into another file: `python -m scripts embed`."""
