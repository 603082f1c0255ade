"""A model in fp32 on ONNX Runtime: a stand-in for the CPU path of text-embeddings-inference.

usage: onnxruntime_server.py FOLDER encoder|cross-encoder WINDOW THREADS PORT
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from batching import padded, serve, unit_means
from numpy.typing import NDArray
from tokenizers import Encoding


def main(folder: str, kind: str, window: str, threads: str, port: str) -> None:
    """Load `model.onnx` and serve it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    names = {port.name for port in session.get_inputs()}

    def infer(encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        inputs = padded(encodings)
        [output] = session.run(None, {name: array for name, array in inputs.items() if name in names})
        return unit_means(output, inputs["attention_mask"]) if kind == "encoder" else output

    serve(infer, Path(folder), int(window), int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
