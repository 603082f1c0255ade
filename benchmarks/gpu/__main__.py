"""Packed rows on a GPU beside sentence-transformers: fidelity, speed, latency, memory, share of the matrix peak.

    python -m benchmarks.gpu [--json FILE]               at most six minutes on one H100
    python -m benchmarks.gpu --device cpu --small        the same steps with tiny models, in seconds: nothing to compare

Needed wheels, with what they need themselves:

    torch>=2.11 (with CUDA)  transformers>=5.17  sentence-transformers>=6.0  tokenizers  numpy

Neither BentoML nor OpenVINO, and no network: both models are made on the spot. On a machine that reaches no package
index, wheels travel as files, next to the folders `bentos` and `benchmarks` of this repository:

    pip download --dest wheels --only-binary :all: torch transformers sentence-transformers     where there is an index
    pip install --no-index --find-links wheels torch transformers sentence-transformers         on that machine

With --http MODEL, an installed encoder, the service is measured as well, which needs BentoML and this project's other
packages; see `python -m benchmarks.http_overhead`.
"""

import argparse
from pathlib import Path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="where to compute")
    parser.add_argument("--small", action="store_true", help="tiny models and few texts, to try the program")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--http", metavar="MODEL", help="also measure the service with this installed encoder")
    return parser.parse_args()


def main() -> None:
    """Measure, print a table, write JSON."""
    arguments = _arguments()
    try:
        # Imported here, so that --help names the wheels where they are missing.
        from benchmarks.gpu.run import run
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is not installed: --help names the wheels that this needs.") from None
    run(arguments.device, small=arguments.small, file=arguments.json, service_model=arguments.http)


if __name__ == "__main__":
    main()
