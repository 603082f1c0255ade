"""Limits as containers set them, in both versions of cgroups."""

import os
from pathlib import Path

import pytest

from bentos.common.resources import cpu_limit, memory_limit, resident_memory


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
    ],
)
def test_the_quota_of_a_container_limits_the_threads(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert cpu_limit(write(tmp_path, files)) == expected


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000\n"},
        {"cpu.max": "640000000 100000\n"},
        {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"},
    ],
)
def test_without_a_smaller_quota_all_available_processors_count(tmp_path: Path, files: dict[str, str]) -> None:
    assert cpu_limit(write(tmp_path, files)) == cpu_limit(tmp_path / "none")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"memory.max": "max\n"}, None),
        ({"memory.max": "6442450944\n"}, 6 * 2**30),
        ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ({"memory/memory.limit_in_bytes": "4294967296\n"}, 4 * 2**30),
    ],
)
def test_the_memory_limit_of_a_container(tmp_path: Path, files: dict[str, str], expected: int | None) -> None:
    assert memory_limit(write(tmp_path, files)) == expected


def test_resident_memory_is_the_second_number_of_statm_in_pages(tmp_path: Path) -> None:
    folder = write(tmp_path, {"statm": "1000 20 3 4 0 5 0\n"})
    assert resident_memory(folder) == 20 * os.sysconf("SC_PAGE_SIZE")
    assert resident_memory(tmp_path / "none") is None
