"""Converts an installed torch model to an OpenVINO artefact beside it."""
