"""Installs models into BentoML's model store: `python -m scripts.models --help`."""

import bentos.common.backends  # noqa: F401  before openvino and nncf: it keeps them from reporting to their makers
