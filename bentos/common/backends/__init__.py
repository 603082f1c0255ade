"""Models on their runtimes, behind one interface: token ids in, one float32 row per item out."""

import sys

# Merely importing openvino reports it to its makers. Without this package it has nothing to report with.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
