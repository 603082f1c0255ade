"""How many processors and how much memory this process may really use, and telling native libraries so."""

import os
import resource
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_NVIDIA_GPU = Path("/dev/nvidia0")


def cpu_limit(cgroup: Path = _CGROUP) -> int:
    """Whole processors this process may use: the least of affinity and the cgroup's quota, at least 1.

    A quota of 1.5 processors counts as 1: a thread pool larger than the quota is throttled for whole periods.
    Reads cgroup v2 (`cpu.max`) and v1 (`cpu.cfs_quota_us`).
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup) or _quota_v1(cgroup)
    return max(1, min(available, int(quota))) if quota else available


def _quota_v2(cgroup: Path) -> float | None:
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(cgroup: Path) -> float | None:
    try:
        quota = int((cgroup / "cpu" / "cpu.cfs_quota_us").read_text())
        period = int((cgroup / "cpu" / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 else None


def memory_limit(cgroup: Path = _CGROUP) -> int | None:
    """Bytes of memory this process may use by its cgroup (v2 or v1); none if it is not limited."""
    for file in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        try:
            limit = int(file.read_text())
        except (OSError, ValueError):
            continue
        # v1 says "no limit" with a number near 2**63.
        return limit if limit < 2**60 else None
    return None


def machine_memory() -> int:
    """Bytes of memory the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def has_nvidia_gpu() -> bool:
    """Whether a driver shows a GPU of NVIDIA's here."""
    return _NVIDIA_GPU.exists()


def resident_memory(process: Path = Path("/proc/self")) -> int | None:
    """Bytes of memory that this process holds; none where the system does not tell in `/proc`."""
    try:
        pages = int((process / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def limit_native_threads(threads: int) -> None:
    """Size the thread pools of torch's native libraries. Must run before torch is imported.

    OpenMP and MKL read these variables once, and otherwise size themselves by the host, not the container.
    The tokenizer runs serially: its parallelism would compete with inference for the same processors.
    """
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, str(threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def allow_open_files(number: int) -> None:
    """Raise this process's own limit of open files and connections to `number`, or as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
