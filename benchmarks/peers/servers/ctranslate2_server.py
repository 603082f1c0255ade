"""An encoder in int8 on CTranslate2.

usage: ctranslate2_server.py FOLDER WINDOW THREADS PORT
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import ctranslate2
import numpy as np
from batching import padded, serve, unit_means
from numpy.typing import NDArray
from tokenizers import Encoding


def main(folder: str, window: str, threads: str, port: str) -> None:
    """Load the converted model and serve it."""
    encoder = ctranslate2.Encoder(folder, device="cpu", compute_type="int8", intra_threads=int(threads))

    def infer(encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        output = encoder.forward_batch([encoding.ids for encoding in encodings])
        return unit_means(np.array(output.last_hidden_state), padded(encodings)["attention_mask"])

    serve(infer, Path(folder), int(window), int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
