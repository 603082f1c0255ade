"""Converts an installed model, measures it, and stores what passes beside the original."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import openvino

from bentos.common.backends.interface import Pooling
from bentos.common.backends.openvino import MODEL_FILE, OpenVINOBackend, supports_bf16
from bentos.common.models.store import InstalledModel, register
from bentos.common.resources import cpu_limit
from scripts.command import CommandError, UsageError
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision, Wanted, candidates, next_better
from scripts.models.digest import file_sha256
from scripts.models.fidelity.comparison import Comparison, compare_with
from scripts.models.fidelity.gate import passes, table
from scripts.models.fidelity.metrics import Figures
from scripts.models.fidelity.texts import FIDELITY_FILE
from scripts.models.present import REFUSED, conversion_of
from scripts.models.source import versions

_TOOLS = ("openvino", "numpy", "tokenizers")
_KEPT_FILES = ("config.json", "modules.json", "tokenizer.json", "LICENSE*", "NOTICE*")


def install_precision(
    original: InstalledModel,
    wanted: Wanted,
    say: Callable[[str], None],
    *,
    force: bool = False,
    home: Path | None = None,
) -> InstalledModel:
    """Install a conversion of a model unless one is there already that loads; with `force`, again.

    Args:
        original: The torch artefact.
        wanted: A precision, or `auto` for the fastest one within its limits.
        say: Takes progress and the fidelity table, line by line.
        force: Replace what is there.
        home: BentoML home to install into instead of the configured one.

    Raises:
        UsageError: The model cannot be converted.
        CommandError: No wanted precision is within its limits. Nothing is stored.
    """
    bf16 = supports_bf16()
    if wanted == "bf16" and not bf16:
        raise UsageError("This processor has no bf16 instructions: use --precision int8 or fp32.")
    tries = candidates(wanted, bf16=bf16)
    if not force and (present := conversion_of(original, tries, home)):
        say(f"{original.profile.model_id} is installed as {present.tag} (--force converts it again)")
        return present
    conversion = Conversion(original, say)
    for precision in tries:
        if installed := conversion.install(precision, home=home):
            return installed
    raise CommandError(
        f"{' and '.join(tries)} of {original.profile.model_id} {'is' if len(tries) == 1 else 'are'} refused, "
        f"too far from the original: use --precision {next_better(tries[-1], bf16=bf16) or 'none'}."
    )


class Conversion:
    """An original that was run once on the fidelity texts, ready for any number of precisions.

    Args:
        original: The torch artefact.
        say: Takes progress and fidelity tables, line by line.

    Raises:
        UsageError: The model cannot be converted.
    """

    def __init__(self, original: InstalledModel, say: Callable[[str], None]) -> None:
        self._original = original
        self._say = say
        self._refused: list[Precision] = []
        say(f"{original.profile.model_id} for OpenVINO:")
        self._pooling = read_architecture(original.path, original.profile.kind).pooling
        self._comparison = compare_with(original)
        say(f"  ran the original on the fidelity texts, by {self._comparison.reference}")

    def install(self, precision: Precision, *, home: Path | None = None) -> InstalledModel | None:
        """Store the conversion to a precision, in place of an older one, if it is within its limits."""
        kind = self._original.profile.kind
        self._say(f"  {precision}")
        with TemporaryDirectory(prefix="duobento-openvino-") as work:
            folder = Path(work)
            provenance = self._write(precision, folder)
            window = self._original.profile.max_tokens
            figures = measure(folder, precision, self._pooling, window, self._comparison)
            for line in table(kind, precision, figures):
                self._say(f"    {line}")
            if not passes(kind, precision, figures):
                self._say("  refused")
                self._refused.append(precision)
                return None
            profile = self._original.profile.model_copy(
                update={
                    "backend": "openvino",
                    "precision": precision,
                    "pooling": self._pooling,
                    "fidelity": figures,
                    "provenance": provenance,
                }
            )
            installed = register(folder, profile, force=True, home=home)
        self._say(f"  installed as {installed.tag}")
        return installed

    def _write(self, precision: Precision, folder: Path) -> dict[str, str]:
        """Write all of the artefact but its profile; returns the profile's provenance."""
        write_graph(self._original.path, self._original.profile.kind, precision, folder)
        for pattern in _KEPT_FILES:
            for file in self._original.path.glob(pattern):
                (folder / file.name).symlink_to(file.resolve())
        weights = (folder / MODEL_FILE).with_suffix(".bin")
        bf16 = "with" if supports_bf16() else "without"
        return {
            **{f"original's {name}": text for name, text in self._original.profile.provenance.items()},
            "source": f"converted from {self._original.tag}",
            f"sha256 of {weights.name}": file_sha256(weights),
            **versions(_TOOLS),
            "fidelity compared with": self._comparison.reference,
            "fidelity measured on": f"{openvino.Core().get_property('CPU', 'FULL_DEVICE_NAME')} {bf16} bf16, "
            f"in {' '.join(self._comparison.languages)}",
            f"sha256 of {FIDELITY_FILE.name}": file_sha256(FIDELITY_FILE),
            **({REFUSED: " ".join(self._refused)} if self._refused else {}),
        }


def measure(folder: Path, precision: str, pooling: Pooling, window: int, comparison: Comparison) -> Figures:
    """Figures of a converted model in a folder, as the services run it; `window` is in tokens.

    Raises:
        RuntimeError: It does not load.
    """
    backend = OpenVINOBackend(
        folder, precision=precision, pooling=pooling, threads=cpu_limit(), streams=1, window=window
    )
    try:
        return comparison.measure(backend)
    finally:
        backend.close()
