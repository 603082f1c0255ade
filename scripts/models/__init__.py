"""Installs models into BentoML's model store: `python -m scripts.models --help`."""

import bentos.common.backends  # noqa: F401  before openvino: it keeps that from reporting to its makers
