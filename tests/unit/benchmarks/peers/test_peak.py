import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from benchmarks.peers.peak import operations


def test_operations_count_layers_and_pairs_of_tokens_but_no_embeddings(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"num_hidden_layers": 2, "hidden_size": 3}))
    weights = {"embeddings.word.weight": np.zeros((50, 3), np.float32), "layer.0.weight": np.zeros((3, 3), np.float32)}
    save_file(weights, tmp_path / "model.safetensors")
    assert operations(tmp_path, [5, 1]) == 2 * 9 * 6 + 4 * 2 * 3 * (25 + 1)
