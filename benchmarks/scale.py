"""What an audit in parts costs by its number of images, part by part of the work, and how well a line foretells it.

Glyphs of 28 x 28 with a fifth of them damaged, as shards of .npy, judged by a quick auditor fitted to 2,000 of them.
CPU seconds on one thread of reading, judging, repairing and writing at several sizes; a line through the sizes of
``FITTED`` is held against the size ``HELD_OUT``, which it has not seen. ``--sizes 10000,100000,1000000`` measures
others (the largest is held out); on one core count an hour for a million.

    python benchmarks/scale.py           # measure what is missing, then print the table
    python benchmarks/scale.py --table   # print only
"""

import os
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402

FITTED, HELD_OUT, SHARD = (1_000, 2_000, 4_000), 8_000, 2_000
WORK = ("read", "judge", "repair", "write")


def glyphs(n, seed):
    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs

    return Corruptor(fraction=0.2, random_state=seed).corrupt(load_glyphs(n_samples=n, random_state=seed).images)[0]


_known = {}


def auditor():
    """Fitted once for all sizes."""
    if not _known:
        from toolkit.audit import Auditor
        from toolkit.diagnostics import CorruptionIdentifier
        from toolkit.restoration import ImageRestorer

        judges = {"identifier": CorruptionIdentifier(epochs=0), "restorer": ImageRestorer(epochs=0)}
        _known["auditor"] = Auditor(**judges, random_state=0, n_jobs=1).fit(glyphs(2_000, 0))
    return _known["auditor"]


def measure(n):
    """CPU seconds of each part of the work over ``n`` images."""
    import pandas as pd

    from toolkit.datasets import open_images

    judge = auditor()
    spent = dict.fromkeys(WORK, 0.0)

    def timed(work, function):
        start = time.process_time()
        result = function()
        spent[work] += time.process_time() - start
        return result

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "shards").mkdir()
        for place in range(0, n, SHARD):
            np.save(folder / "shards" / f"{place:09d}.npy", glyphs(min(SHARD, n - place), 1 + place))
        start = time.process_time()
        source = open_images(folder / "shards")
        spent["read"] += time.process_time() - start
        for part in source.parts(SHARD):
            images = timed("read", lambda part=part: source.read(*part).images)
            assessment = timed("judge", lambda images=images: judge.identifier_.assess(images))
            scores = timed("judge", lambda i=images, a=assessment: judge.detector_.score_samples(i, assessment=a))
            repaired, repairs = timed(
                "repair", lambda i=images, a=assessment: judge.restorer_.restore(i, findings=a.findings)
            )
            table = pd.concat([assessment.findings, repairs], axis=1).assign(score=scores)

            def write(table=table, repaired=repaired, images=images, part=part):
                changed = (images != repaired).reshape(len(images), -1).any(axis=1)
                np.save(folder / f"{part[0]}.npy", repaired[changed])
                table.to_csv(folder / f"{part[0]}.csv", index=False)

            timed("write", write)
    return {"n": n} | spent | {"total": sum(spent.values())}


def show(results):
    rows = sorted(results.values(), key=lambda row: row["n"])
    for row in rows:
        parts = ", ".join(f"{work} {row[work]:.2f}" for work in WORK)
        print(f"{row['n']:>9,} images: {row['total']:8.1f} CPU s ({parts})")
    if len(rows) < 3:
        return
    *fitted, held_out = rows
    slope, intercept = np.polyfit([row["n"] for row in fitted], [row["total"] for row in fitted], 1)
    forecast = intercept + slope * held_out["n"]
    error = forecast / held_out["total"] - 1
    print(f"line: {intercept:.1f} s + {1000 * slope:.2f} ms an image")
    print(f"forecast for {held_out['n']:,}: {forecast:.1f} s, measured {held_out['total']:.1f} s ({100 * error:+.0f}%)")
    for n in (10**6, 10**7, 10**9):
        print(f"{n:>13,} images: {slope * n / 3600:,.1f} core-hours")


if __name__ == "__main__":
    import sys

    sizes = (*FITTED, HELD_OUT)
    for place, argument in enumerate(sys.argv):
        if argument == "--sizes":
            sizes = tuple(map(int, sys.argv[place + 1].split(",")))
            del sys.argv[place : place + 2]
            break
    cells.main("scale", {f"n{n:09d}": lambda n=n: measure(n) for n in sizes}, show, __doc__)
