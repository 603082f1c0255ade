"""Writes a packed graph with the weights of a precision."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import openvino

from bentos.common.backends.openvino import MODEL_FILE
from scripts.models.conversion.precision import Precision


def write_weights(graph: openvino.Model, precision: Precision, folder: Path) -> None:
    """Write `openvino_model.xml` and `.bin`. The graph is left as it was.

    Args:
        graph: in fp32.
        precision: fp32 as it is; bf16 with fp16 weights, which the processor widens and rounds; int8 with weights in
            int8 and activations quantized while it runs.
        folder: where to.
    """
    if precision == "int8":
        graph = _compressed(graph)
    openvino.save_model(graph, folder / MODEL_FILE, compress_to_fp16=precision == "bf16")


def _compressed(graph: openvino.Model) -> openvino.Model:
    with _quiet_nncf():
        import nncf

        return nncf.compress_weights(
            graph.clone(),
            mode=nncf.CompressWeightsMode.INT8_ASYM,
            ignored_scope=nncf.IgnoredScope(names=_head_nodes(graph)),
        )


def _head_nodes(graph: openvino.Model) -> list[str]:
    """What multiplies behind the pooling: small, and with several streams OpenVINO at times forgets its scales."""
    [pool] = [port for port in graph.inputs if "pool" in port.get_names()]
    waiting = [target.get_node() for target in pool.get_target_inputs()]
    found: dict[str, str] = {}
    while waiting:
        node = waiting.pop()
        if node.get_friendly_name() not in found:
            found[node.get_friendly_name()] = node.get_type_name()
            waiting += [target.get_node() for output in node.outputs() for target in output.get_target_inputs()]
    return [name for name, kind in found.items() if kind == "MatMul"]


@contextmanager
def _quiet_nncf() -> Iterator[None]:
    """nncf draws progress bars and logs to stdout."""
    with redirect_stdout(StringIO()):
        import nncf

        nncf.set_log_level(logging.ERROR)
        yield
