"""What the tests share: one thread a process, no display, and published data where somebody has it."""

import gc
import os
import signal
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

# Before numpy and torch are imported: the suite runs a process a core, and a second thread in each would only wait.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# For the same reason what takes a thread for each processor takes one for each that its process has to itself.
n_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
if n_workers > 1:
    os.environ.setdefault("LOKY_MAX_CPU_COUNT", str(max(1, (os.cpu_count() or 1) // n_workers)))
os.environ.setdefault("MPLBACKEND", "agg")
# A suite started in the background of a script ignores Ctrl-C, and so would the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What collecting makes stays to the end, and is much: none of it is looked through for what could be freed."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()
        # What tests import stays, too, and would be looked through again for each few hundred objects that are made.
        gc.set_threshold(5_000, 20, 100)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file():
    """Examples stand in the package: the tests, of which none has any, are not looked through for them."""
    return [found for found in (yield) if not isinstance(found, DoctestModule)]


@pytest.fixture(scope="module")
def two_processors():
    """What takes a thread for each processor takes two: for files whose subject works in threads by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "2")
        yield


@pytest.fixture
def rng():
    """A generator of the test's own: of one that tests share, each would draw something else in another order."""
    import numpy as np

    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def published_data():
    """Folder with the published data sets; tests that need it skip where it is not to be had."""
    folder = os.environ.get("TOOLKIT_DATA")
    if not folder or not (Path(folder) / "mnist").is_dir():
        pytest.skip("TOOLKIT_DATA names no folder with the published data sets")
    return Path(folder)
