"""OpenVINO's tools report conversions to their makers unless the user declined. Nobody is asked here: they may not."""

from typing import Any


def switch_off_telemetry() -> None:
    """Decline for this process. Call it before the first conversion and before importing nncf."""
    from openvino_telemetry.utils.opt_in_checker import ConsentCheckResult, OptInChecker

    def decline(*_: Any, **__: Any) -> ConsentCheckResult:
        return ConsentCheckResult.DECLINED

    OptInChecker.check = decline
