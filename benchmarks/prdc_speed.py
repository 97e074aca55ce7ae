"""Precision, recall, density and coverage of 20,000 x 20,000 x 64: ours against the package ``prdc``.

Each runs in a process of its own on one thread; CPU seconds and the growth of the peak of memory are taken of the call
alone. Bars: the same figures in float64, at most 1/3 of the CPU time and 1/8 of the memory. ``pip install prdc`` first,
or point PYTHONPATH at it.

    python benchmarks/prdc_speed.py           # measure what is missing, then print the table
    python benchmarks/prdc_speed.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import contextlib  # noqa: E402
import io  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import time  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_ROWS, N_FEATURES, K = 20_000, 64, 5


def _rows():
    generator = np.random.default_rng(0)
    return generator.normal(size=(N_ROWS, N_FEATURES)), 1.02 * generator.normal(size=(N_ROWS, N_FEATURES)) + 0.05


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _ours(real, samples):
    from toolkit.coverage import precision_recall_density_coverage

    return precision_recall_density_coverage(real, samples, n_neighbours=K).as_dict()


def _package(real, samples):
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):  # it prints
        found = compute_prdc(real_features=real, fake_features=samples, nearest_k=K)
    return {name: float(found[name]) for name in ("precision", "recall", "density", "coverage")}


def _measure(function, connection):
    real, samples = _rows()
    function(real[:50], samples[:50])  # imports
    memory, start = _peak(), time.process_time()
    figures = function(real, samples)
    connection.send({**figures, "cpu_seconds": time.process_time() - start, "memory_gib": _peak() - memory})


def alone(function):
    """Figures, CPU seconds and memory of a call in a fresh process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(function, sender))
    process.start()
    sender.close()
    found = receiver.recv()
    process.join()
    return found


CELLS = {"toolkit": lambda: alone(_ours), "prdc": lambda: alone(_package)}


def show(results):
    """Print the table."""
    columns = ["precision", "recall", "density", "coverage", "cpu_seconds", "memory_gib"]
    frame = pd.DataFrame(results).T
    if not len(frame):
        print("nothing measured yet")
        return
    print(frame[columns].astype(float).to_string(float_format="{:.6g}".format))
    if len(frame) == 2:
        ours, theirs = frame.loc["toolkit"], frame.loc["prdc"]
        same = all(abs(ours[name] - theirs[name]) < 1e-12 for name in columns[:4])
        print(
            f"\nsame figures: {same}; CPU {ours.cpu_seconds / theirs.cpu_seconds:.3f} (bar .333), "
            f"memory {ours.memory_gib / theirs.memory_gib:.3f} (bar .125)"
        )


if __name__ == "__main__":
    cells.main("prdc_speed", CELLS, show, __doc__)
