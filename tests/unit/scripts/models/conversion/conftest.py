"""Imported before openvino, as in the services."""

import scripts.models  # noqa: F401
