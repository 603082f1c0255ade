"""Models on their runtimes, behind one interface: token ids in, one float32 row per item out."""

import sys

# Merely importing openvino or nncf reports it to their makers. Without this package they have nothing to report with.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
