"""Converts an installed model, measures it, and stores what passes beside the original."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import openvino

from bentos.common.backends.interface import ActivationGroupSize
from bentos.common.backends.openvino import MODEL_FILE, OpenVINOBackend, supports_bf16
from bentos.common.models.profile import ModelProfile
from bentos.common.models.store import InstalledModel, register
from bentos.common.resources import cpu_limit
from scripts.command import CommandError, UsageError
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.group_sizes import group_sizes, needs_margin
from scripts.models.conversion.precision import Precision, Wanted, candidates, next_better
from scripts.models.fidelity.comparison import Comparison, compare_with
from scripts.models.fidelity.gate import passes, table
from scripts.models.fidelity.metrics import Figures
from scripts.models.fidelity.texts import FIDELITY_FILE
from scripts.models.memory import memory_errors
from scripts.models.present import REFUSED, conversion_of
from scripts.models.sources.digest import file_sha256
from scripts.models.sources.source import versions

_TOOLS = ("openvino", "numpy", "tokenizers")
_KEPT_FILES = ("config.json", "modules.json", "tokenizer.json", "LICENSE*", "NOTICE*")


@memory_errors()
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
        CommandError: No wanted precision is within its limits, or there is too little memory. Nothing is stored.
    """
    bf16 = supports_bf16()
    if wanted == "bf16" and not bf16:
        raise UsageError("This CPU has no bf16 instructions: use --precision int8 or fp32.")
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
        architecture = read_architecture(original.path, original.profile.kind)
        self._pooling, self._width = architecture.pooling, architecture.transformer.width
        self._comparison = compare_with(original)
        say(f"  ran the original on the fidelity texts, by {self._comparison.reference}")

    def install(self, precision: Precision, *, home: Path | None = None) -> InstalledModel | None:
        """Store the conversion to a precision, in place of an older one, if it is within its limits.

        Of int8 that with the widest groups of activations that are. All have the same files.
        """
        self._say(f"  {precision}")
        with TemporaryDirectory(prefix="duobento-openvino-") as work:
            folder = Path(work)
            written = {
                "backend": "openvino",
                "precision": precision,
                "pooling": self._pooling,
                "provenance": self._write(precision, folder),
            }
            profile = self._accepted(folder, precision, self._original.profile.model_copy(update=written))
            if profile is None:
                self._say("  refused")
                self._refused.append(precision)
                return None
            installed = register(folder, profile, force=True, home=home)
        size = profile.activation_group_size
        self._say(f"  installed as {installed.tag}{f', activations in groups of {size}' if size else ''}")
        return installed

    def _accepted(self, folder: Path, precision: Precision, profile: ModelProfile) -> ModelProfile | None:
        """The profile with the widest groups that are within the limits, and the figures of those that are not.

        From the usual size on they get wider as long as the model stands it, or narrower until it does.
        """
        usual, wider, narrower = group_sizes(precision, self._width)
        refused: dict[int, Figures] = {}
        taken = self._tried(folder, profile, usual, refused)
        for size in wider if taken else ():
            tried = self._tried(folder, profile, size, refused)
            if tried is None:
                break
            taken = tried
        for size in () if taken else narrower:
            taken = taken or self._tried(folder, profile, size, refused)
        return taken and taken.model_copy(update={"refused_group_sizes": refused})

    def _tried(
        self, folder: Path, profile: ModelProfile, size: ActivationGroupSize | None, refused: dict[int, Figures]
    ) -> ModelProfile | None:
        """The profile with groups of a size and its figures; None, and an entry among the refused, if it is beyond."""
        tried = profile.model_copy(update={"activation_group_size": size})
        figures = measure(folder, tried, self._comparison)
        margin = needs_margin(size)
        if size:
            self._say(f"    activations in groups of {size}")
        for line in table(profile.kind, profile.precision, figures, margin=margin):
            self._say(f"    {line}")
        if passes(profile.kind, profile.precision, figures, margin=margin):
            return tried.model_copy(update={"fidelity": figures})
        if size:
            refused[size] = figures
        return None

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


def measure(folder: Path, profile: ModelProfile, comparison: Comparison) -> Figures:
    """Figures of a converted model in a folder, as the services run it.

    Raises:
        RuntimeError: It does not load.
    """
    backend = OpenVINOBackend(
        folder,
        precision=profile.precision,
        pooling=profile.pooling or "mean",
        threads=cpu_limit(),
        streams=1,
        window=profile.max_tokens,
        activation_group_size=profile.activation_group_size,
    )
    try:
        return comparison.measure(backend)
    finally:
        backend.close()
