"""Which precision is tried after which."""

from scripts.models.conversion.precision import candidates, next_better


def test_auto_takes_the_fastest_first() -> None:
    assert candidates("auto", bf16=True) == ["int8", "bf16", "fp32"]
    assert candidates("auto", bf16=False) == ["int8", "fp32"]
    assert candidates("bf16", bf16=True) == ["bf16"]


def test_next_better_is_one_that_the_processor_has() -> None:
    assert next_better("int8", bf16=True) == "bf16"
    assert next_better("int8", bf16=False) == "fp32"
    assert next_better("fp32", bf16=True) is None
