"""Packed rows on a GPU. Imports neither BentoML nor OpenVINO, so that it runs where only PyTorch is."""
