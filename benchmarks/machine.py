"""The machine that is measured on."""

import platform
from pathlib import Path


def processor() -> str:
    """Its processor's name."""
    return _said_of_the_processor("model name") or platform.processor() or platform.machine()


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 itself, by AVX-512 or AMX. False where the system does not tell."""
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(_said_of_the_processor("flags").split())


def is_amd_with_avx512() -> bool:
    """Whether it is one of AMD's processors from Zen 4 on. False where the system does not tell."""
    return (
        _said_of_the_processor("vendor_id") == "AuthenticAMD" and "avx512f" in _said_of_the_processor("flags").split()
    )


def _said_of_the_processor(name: str) -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text().splitlines():
            if line.startswith(name):
                return line.split(":", 1)[1].strip()
    return ""
