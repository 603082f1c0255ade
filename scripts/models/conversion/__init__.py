"""Converts an installed model to an OpenVINO artefact beside it."""
