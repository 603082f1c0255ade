"""Installs models into BentoML's model store: `python -m scripts.models --help`."""
