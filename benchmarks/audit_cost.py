"""Where an audit's CPU time goes: training loops, outlier detectors, and everything else.

Embedded glyphs, a fifth of them damaged, audited on one thread with the package that is imported.

    python benchmarks/audit_cost.py              runs the missing cells and prints the table
    python benchmarks/audit_cost.py --table      prints the table of the cells that are there

``before_<n>`` are the same by the version before, commit cc9b231: run with that version's package in ``PYTHONPATH`` and
``--version before``, on the same machine and in the same hour. ``quick_<n>`` is ``toolkit audit --quick``.
"""

import os
import sys
import time
from functools import wraps

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import pandas as pd  # noqa: E402
from cells import main  # noqa: E402

from toolkit.corruption import Corruptor  # noqa: E402
from toolkit.datasets import load_glyphs  # noqa: E402
from toolkit.detectors import OutlierDetector  # noqa: E402
from toolkit.nn import _loop  # noqa: E402
from toolkit.studies import run_audit  # noqa: E402

N_IMAGES = 4000


def timed(function, name, spent):
    @wraps(function)
    def wrapper(*args, **kwargs):
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            spent[name] += time.process_time() - start

    return wrapper


def cell(**options):
    images = load_glyphs(N_IMAGES, random_state=0).images
    corrupted, _ = Corruptor(fraction=0.2, random_state=0).corrupt(images)
    spent = {"training": 0.0, "detectors": 0.0}
    # Every module calls the loop by a name of its own, but they all come to this.
    loop, fit = _loop._run, OutlierDetector.fit
    _loop._run = timed(loop, "training", spent)
    OutlierDetector.fit = timed(fit, "detectors", spent)
    try:
        start = time.process_time()
        run_audit(corrupted, random_state=0, n_jobs=1, **options)
        total = time.process_time() - start
    finally:
        _loop._run, OutlierDetector.fit = loop, fit
    return {"n_images": N_IMAGES, "total": total, **spent, "elsewhere": total - sum(spent.values())}


CELLS = {f"now_{N_IMAGES}": cell, f"quick_{N_IMAGES}": lambda: cell(quick=True)}
if "--version" in sys.argv:
    place = sys.argv.index("--version")
    CELLS = {f"{sys.argv[place + 1]}_{N_IMAGES}": cell}
    del sys.argv[place : place + 2]


def show(results):
    if results:
        table = pd.DataFrame(results).T[["total", "training", "detectors", "elsewhere"]].astype(float)
        print("CPU seconds\n" + table.round(1).to_string())
        before = f"before_{N_IMAGES}"
        if before in results:
            print("\nas a share of the version before\n" + (table / table.loc[before]).round(2).to_string())


if __name__ == "__main__":
    main("audit_cost", CELLS, show, __doc__)
