"""The collector walks what comes after the start, and no more."""

import subprocess
import sys

SPARED = """
import gc
from reputable.adapters.collection import spare_what_stays
loaded = [[] for _ in range(50_000)]
before = len(gc.get_objects())
spare_what_stays()
print(before - len(gc.get_objects()) >= 50_000)

class Cycle:
    def __init__(self):
        self.itself = self
        self.load = bytearray(1_000)

import weakref
gone = []
for _ in range(20_000):
    weakref.finalize(Cycle(), gone.append, 1)
print(len(gone) > 10_000)
"""


def test_what_is_loaded_is_left_alone_and_later_garbage_is_still_collected() -> None:
    """In a process of its own: what is frozen stays so."""
    out = subprocess.run([sys.executable, "-c", SPARED], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["True", "True"]
