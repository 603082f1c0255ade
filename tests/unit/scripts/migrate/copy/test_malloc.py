"""Threads of the migration share one heap."""

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.tools

# Each thread of glibc's that asks for memory gets a heap of its own, which malloc_info lists.
_HEAPS = """
import ctypes, sys, threading
from scripts.migrate.copy.malloc import share_one_heap

if sys.argv[1:]:
    share_one_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(4)


def work():
    together.wait()
    kept = [bytes(1000) for _ in range(1000)]
    together.wait()


threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_threads_share_one_heap() -> None:
    def heaps(*arguments: str) -> int:
        command = [sys.executable, "-c", _HEAPS, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.count("<heap nr")

    assert heaps() > 1
    assert heaps("shared") == 1
