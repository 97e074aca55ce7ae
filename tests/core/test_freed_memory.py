"""Freed memory is kept inside a block where the environment says to return it: counted in faults of pages."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from toolkit._core.freed_memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        np.ones(1 << 20, dtype=np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

found = [faults()]
with keep_freed_memory():
    with keep_freed_memory():
        faults()
    found.append(faults())  # the inner block has ended, the outer has not
found.append(faults())
print(*found)
"""


def _faults(**variables):
    environment = os.environ | variables
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the setting is glibc's")
def test_memory_is_kept_inside_a_block_and_returned_after_it():
    before, inside, after = _faults(MALLOC_TRIM_THRESHOLD_="65536")
    pages = 100 * (1 << 20) // os.sysconf("SC_PAGE_SIZE")
    assert before > 0.9 * pages, "the environment's setting is not felt: this test shows nothing"
    assert inside < 0.05 * pages
    assert after > 0.9 * pages  # as the environment has it


@pytest.mark.parametrize("value", ["", "plenty", "99999999999999"])
def test_any_value_of_the_variable_is_survived(value):
    assert len(_faults(MALLOC_TRIM_THRESHOLD_=value)) == 3
