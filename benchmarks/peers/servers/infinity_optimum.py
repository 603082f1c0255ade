"""Infinity's command line, for a local ONNX model, on a torch that lacks what optimum imports for exporting models.

usage: infinity_optimum.py FOLDER COMMAND…, with `.` as the model: it finds an ONNX file only in the folder it runs in.

optimum 1.27, the last that Infinity works with, imports private parts of torch's old ONNX exporter that newer versions
of torch have dropped. Running a model that is already exported never calls them.
"""

import os
import sys
from unittest.mock import MagicMock

import torch.onnx.symbolic_opset14 as opset

for name in (
    "_attention_scale", "_causal_attention_mask", "_onnx_symbolic", "_type_utils", "jit_utils", "symbolic_helper",
):  # fmt: skip
    if not hasattr(opset, name):
        setattr(opset, name, MagicMock())

from infinity_emb.cli import cli  # noqa: E402

if __name__ == "__main__":
    os.chdir(sys.argv.pop(1))
    cli()
