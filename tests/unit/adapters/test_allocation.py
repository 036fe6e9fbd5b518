"""One arena for all threads, where the C library is glibc."""

import os
import platform
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from reputable.adapters.allocation import share_one_arena
shared = share_one_arena()
kept = []
def allocate():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    kept.append(libc.malloc(1000))
threads = [threading.Thread(target=allocate) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
stream = libc.fopen(b"/dev/stdout", b"w")
libc.malloc_info(0, ctypes.c_void_p(stream))
libc.fclose(ctypes.c_void_p(stream))
print("shared" if shared else "left", flush=True)
"""


def arenas(**environ: str) -> tuple[int, str]:
    """How many arenas a process with two threads has, and what it was told."""
    kept = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    out = subprocess.run(
        [sys.executable, "-c", ARENAS], env=kept | environ, capture_output=True, text=True, check=True
    ).stdout
    return out.count("<heap nr="), out.split()[-1]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_threads_share_one_arena_unless_the_operator_says_otherwise() -> None:
    assert arenas() == (1, "shared")
    many, told = arenas(MALLOC_ARENA_MAX="8")
    assert many > 1
    assert told == "left"
