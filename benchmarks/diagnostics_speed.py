"""CPU time of CorruptionDiagnostics, and of the same statistics image by image with scikit-image and SciPy.

Run

    python benchmarks/diagnostics_speed.py

to measure what has not been measured yet (a cell each in ``benchmarks/results/diagnostics_speed``) and print the table;
``--again`` measures everything, ``--table`` prints only. Times are process CPU time on one thread; both sides of a
ratio come from one process, on the same images: glyphs of which 40 % carry one of the 22 corruptions.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
from diagnostics_reference import describe, fit_structure
from threadpoolctl import threadpool_limits

from toolkit._core.files import write_json
from toolkit._core.versions import versions
from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionDiagnostics

RESULTS = Path(__file__).parent / "results" / "diagnostics_speed"
N_BATCHED, N_LOOP, ROUNDS = 4000, 200, 5

# cell: (image size, colour, the loop is timed as well, seed)
CELLS = {
    "grey28_seed0": (28, False, True, 0),
    "grey28_seed1": (28, False, True, 1),
    "grey28_seed2": (28, False, True, 2),
    "colour28_seed0": (28, True, False, 0),
    "grey64_seed0": (64, False, False, 0),
}


def _images(size, colour, seed):
    images = load_glyphs(N_BATCHED if size == 28 else 1000, image_size=size, random_state=seed).images
    images = Corruptor(fraction=0.4, random_state=seed).corrupt(images)[0]
    return np.stack([images] * 3, axis=-1) if colour else images


def measure(size, colour, with_loop, seed):
    """Microseconds an image, batched (median of a few rounds) and, if asked for, image by image."""
    images = _images(size, colour, seed)
    diagnostics = CorruptionDiagnostics().fit(images)
    batched = []
    for _ in range(ROUNDS):
        start = time.process_time()
        values = diagnostics.transform(images)
        batched.append((time.process_time() - start) / len(images) * 1e6)
    figure = {
        "batched_us": float(np.median(batched)),
        "batched_us_rounds": batched,
        "n_statistics": values.shape[1],
    }
    if with_loop:
        unit = images[:2000].astype(np.float32) / 255
        model = fit_structure(unit)
        start = time.process_time()
        for image in unit[:N_LOOP]:
            describe(image, model)
        figure["loop_us"] = (time.process_time() - start) / N_LOOP * 1e6
        figure["ratio"] = figure["loop_us"] / figure["batched_us"]
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--again", action="store_true", help="measure cells that have been measured, too")
    parser.add_argument("--table", action="store_true", help="print the cells that are there, measure nothing")
    options = parser.parse_args()
    rows = []
    for cell, setting in CELLS.items():
        path = RESULTS / f"{cell}.json"
        if options.table and not path.exists():
            continue
        if options.again or not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            start = time.perf_counter()
            with threadpool_limits(1):
                figure = measure(*setting)
            seconds = time.perf_counter() - start
            write_json(path, {"figure": figure, "seed": setting[-1], "seconds": seconds, "versions": versions()})
        rows.append({"cell": cell, **json.loads(path.read_text())["figure"]})
    table = pd.DataFrame(rows)[["cell", "n_statistics", "batched_us", "loop_us", "ratio"]]
    print(table.round(1).to_markdown(index=False))


if __name__ == "__main__":
    main()
