"""Build the bento of a service with its model into a folder, as `bentoml containerize` hands it to an engine.

    python -m scripts.bento_with_model embed small /home/bentoml/bento

For deploy/images/Dockerfile, inside of which no engine can be asked.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import bentoml

from scripts.models.presets import PRESETS

SERVICES = ("embed", "rerank")
"""In the order of a preset's models."""


def build(service: str, preset: str, folder: Path) -> None:
    """Install the service's model of a preset of two, build the bento, and put both into a folder that is not there."""
    model_id = PRESETS[preset][SERVICES.index(service)]
    subprocess.run([sys.executable, "-m", "scripts.models", "install", model_id, "--precision", "auto"], check=True)
    os.environ[f"{service.upper()}_MODEL"] = model_id
    built = subprocess.run(["sh", "scripts/build_bento.sh", service, "openvino"], check=True, stdout=subprocess.PIPE)
    bento = bentoml.bentos.get(built.stdout.decode().strip())
    shutil.copytree(bento.path, folder)
    for model in bento.info.all_models:
        bentoml.models.BentoModel(model.tag).resolve(folder / "models")


if __name__ == "__main__":
    build(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
