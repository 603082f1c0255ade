"""Measures installed conversions again, on this processor."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from bentos.common.models.profile import ModelProfile
from bentos.common.models.store import InstalledModel, ModelNotInstalled, find
from scripts.command import UsageError
from scripts.models.conversion.artefact import measure
from scripts.models.conversion.precision import Precision
from scripts.models.fidelity.comparison import compare_with
from scripts.models.fidelity.gate import passes, table
from scripts.models.memory import is_out_of_memory, memory_errors


@memory_errors()
def verify(model_id: str, precision: Precision | None, say: Callable[[str], None], *, home: Path | None = None) -> bool:
    """Run the fidelity gate on a model's conversions, or on the one of this precision.

    Returns:
        Whether all are within their limits.

    Raises:
        UsageError: There is nothing to verify, or an artefact does not load.
        CommandError: There is too little memory.
        ModelNotInstalled: The original, which they are compared with, is missing.
        ModelCorrupt: An artefact cannot be used.
    """
    conversions = _installed_conversions(model_id, precision, home)
    if not conversions:
        raise UsageError(
            f"Model {model_id} has no {precision or 'OpenVINO'} conversion: "
            f"run `python -m scripts.models install {model_id} --precision {precision or 'auto'}`."
        )
    original = find(model_id, conversions[0].profile.revision, home=home)
    comparison = compare_with(original)
    faithful = True
    for model in conversions:
        profile = model.profile
        say(f"{model.tag} against {original.tag}, by {comparison.reference}")
        if profile.pooling is None:
            raise UsageError(f"The profile of {model.tag} names no pooling: install it again with --force.")
        if profile.activation_group_size:
            say(f"  {_groups(profile)}")
        try:
            figures = measure(model.path, profile, comparison)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise UsageError(str(error)) from error
        for line in table(profile.kind, profile.precision, figures):
            say(f"  {line}")
        verdict = passes(profile.kind, profile.precision, figures)
        say("  within its limits" if verdict else "  beyond its limits: install it with a better precision")
        faithful = faithful and verdict
    return faithful


def _groups(profile: ModelProfile) -> str:
    refused = " and ".join(map(str, profile.refused_group_sizes))
    return f"activations in groups of {profile.activation_group_size}" + (
        f"; groups of {refused} were refused when it was installed" if refused else ""
    )


def _installed_conversions(model_id: str, precision: Precision | None, home: Path | None) -> list[InstalledModel]:
    found: list[InstalledModel] = []
    for candidate in [precision] if precision else get_args(Precision):
        try:
            model = find(model_id, backend="openvino", precision=candidate, home=home)
        except ModelNotInstalled:
            continue
        found.append(model)
    # Conversions of one revision only: they are compared with its original.
    return [model for model in found if model.profile.revision == found[0].profile.revision]
