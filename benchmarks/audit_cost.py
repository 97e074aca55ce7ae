"""Where an audit's CPU time goes: training loops, outlier detectors, and everything else.

``python benchmarks/audit_cost.py [N_IMAGES]`` audits embedded glyphs with the package that is imported, on one thread,
and prints a line of JSON; run it with ``PYTHONPATH`` at each of two checkouts to compare them on one machine.
"""

import json
import sys
import time
from functools import wraps

import toolkit
from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.detectors import OutlierDetector
from toolkit.nn import _loop
from toolkit.studies import run_audit

SPENT = {"training": 0.0, "detectors": 0.0}


def timed(function, name):
    @wraps(function)
    def wrapper(*args, **kwargs):
        start = time.process_time()
        try:
            return function(*args, **kwargs)
        finally:
            SPENT[name] += time.process_time() - start

    return wrapper


def main(n_images):
    images = load_glyphs(n_images, random_state=0).images
    corrupted, _ = Corruptor(fraction=0.2, random_state=0).corrupt(images)
    # Every module calls the loop by a name of its own, but they all come to this.
    _loop._run = timed(_loop._run, "training")
    OutlierDetector.fit = timed(OutlierDetector.fit, "detectors")
    start = time.process_time()
    run_audit(corrupted, random_state=0, n_jobs=1)
    total = time.process_time() - start
    figures = {"total": total, **SPENT, "elsewhere": total - sum(SPENT.values())}
    print(
        json.dumps({"package": toolkit.__file__, "n_images": n_images} | {k: round(v, 1) for k, v in figures.items()})
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000)
