"""What an audit in parts costs by its number of images, part by part of the work, and how well a line foretells it.

Glyphs of 28 x 28 with a fifth of them damaged: 20,000, and from there on the same again, each shifted by up to a pixel
and darkened by up to a fifth; a zarr array in a temporary folder, removed afterwards. A quick auditor fitted to 20,000
judges them on one thread. CPU seconds of reading, judging, repairing and writing; a line through the first two sizes
is held against the third, which it has not seen. Beside: the rate against that of one chunk in memory (both measured on
the same chunks, in turn), peak memory, and whether the first 20,000 rows are those of an audit of the array in memory.
A cell of its own looks for changed copies in 100,000.

    python benchmarks/scale.py           # measure what is missing (about half an hour of one core), print the table
    python benchmarks/scale.py --table   # print only
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402

SIZES, NEAR_SIZE = (10_000, 100_000, 1_000_000), 100_000
BASE, CHUNK, PAIRED = 20_000, 4096, 12
WORK = ("read", "judge", "repair", "write")


def make_set(n, folder):
    """The set as a zarr array, a chunk at a time."""
    import zarr

    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs

    base = Corruptor(fraction=0.2, random_state=0).corrupt(load_glyphs(n_samples=BASE, random_state=0).images)[0]
    array = zarr.create_array(str(folder / "set.zarr"), shape=(n, 28, 28), dtype="uint8", chunks=(CHUNK, 28, 28))
    for start in range(0, n, CHUNK):
        rows = np.arange(start, min(start + CHUNK, n))
        images = base[rows % BASE].copy()
        generator = np.random.default_rng(start)
        later = np.flatnonzero(rows >= BASE)
        if len(later):
            gain = generator.uniform(0.8, 1, len(later))
            down, across = generator.integers(-1, 2, (2, len(later)))
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    mine = later[(down == dy) & (across == dx)]
                    images[mine] = np.roll(images[mine], (dy, dx), axis=(1, 2))
            images[later] = np.rint(images[later] * gain[:, None, None])
        array[start : start + len(rows)] = images


def quick_auditor(images):
    from toolkit.audit import Auditor
    from toolkit.diagnostics import CorruptionIdentifier
    from toolkit.restoration import ImageRestorer

    judges = {"identifier": CorruptionIdentifier(epochs=0, n_jobs=1), "restorer": ImageRestorer(epochs=0)}
    return Auditor(**judges, random_state=0, n_jobs=1).fit(images)


class Timers:
    """CPU seconds of the parts of the work, while parts are judged and not otherwise.

    What one part of the work calls of another (a repair is judged again) counts as its own.
    """

    def __init__(self):
        self.spent, self.on = dict.fromkeys(WORK, 0.0), False

    def wrap(self, owner, name, work):
        usual = getattr(owner, name)

        def timed(*args, **kwargs):
            if not self.on:
                return usual(*args, **kwargs)
            self.on, start = False, time.process_time()
            try:
                return usual(*args, **kwargs)
            finally:
                self.spent[work] += time.process_time() - start
                self.on = True

        setattr(owner, name, timed)


def peak_memory():
    """GB of this process, at its most."""
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def measure(n, folder):
    """Audit the set in ``folder``: run in a process of its own, so that its peak of memory is its own."""
    import toolkit
    from toolkit.datasets import open_images
    from toolkit.datasets.sources._sharded import Piece
    from toolkit.detectors import CorruptionDetector
    from toolkit.diagnostics import CorruptionIdentifier
    from toolkit.restoration import ImageRestorer
    from toolkit.studies import run_partitioned_audit
    from toolkit.studies.partitioned import _part, _run

    timers = Timers()
    timers.wrap(Piece, "read", "read")
    timers.wrap(CorruptionIdentifier, "assess", "judge")
    timers.wrap(CorruptionDetector, "score_samples", "judge")
    timers.wrap(ImageRestorer, "restore", "repair")
    source = open_images(folder / "set.zarr")
    n_parts = len(source.parts(CHUNK))
    paired = set(np.linspace(0, n_parts - 1, min(PAIRED, n_parts)).astype(int).tolist())
    usual, whole, ratios, alone = _run.judge_part, [0.0], [], []

    def judged(task):
        timers.on, start = True, time.process_time()
        summary = usual(task)
        timers.on, spent = False, time.process_time() - start
        whole[0] += spent
        if task.number in paired and summary["n"] == CHUNK:
            images = task.piece.read().images
            auditor = _part._auditor(Path(task.out) / "auditor")
            start = time.process_time()
            auditor.audit(images)
            alone.append(time.process_time() - start)
            ratios.append(alone[-1] / spent)
        return summary

    _run.judge_part = judged
    fitted = {"quick": True} if n > NEAR_SIZE else {"auditor": toolkit.load(folder / "model")}
    options = {"chunk_size": CHUNK, "duplicates": "exact", "n_jobs": 1, "random_state": 0}
    start, wall = time.process_time(), time.perf_counter()
    result = run_partitioned_audit(source, folder / "out", **fitted, **options)
    spent, wall = time.process_time() - start, time.perf_counter() - wall
    peak = peak_memory()
    work = dict(timers.spent)
    work["write"] = whole[0] - sum(work.values())
    return {
        "n": n,
        **work,
        "total": whole[0],
        "all_cpu_seconds": spent,
        "wall_seconds": wall,
        "of_one_chunk_in_memory": float(np.median(ratios)) if ratios else None,
        "images_a_second": n / whole[0],
        "images_a_second_in_memory": CHUNK / float(np.median(alone)) if alone else None,
        "peak_gb": peak,
        "failed": len(result.failed),
        "judged": result.n_images,
        "repaired": result.n_repaired,
        "exact_copies": result.duplicate_counts["exact"],
        **compared(result, source, folder / "out"),
    }


def compared(result, source, out):
    """The first rows beside an audit of the array in memory by the same judges."""
    import pandas as pd

    import toolkit
    from toolkit.datasets import open_images

    rows = np.arange(min(BASE, len(source)))
    audit = toolkit.load(out / "auditor").audit(source.take(rows))
    found = []
    for table in result.iter_tables():
        found.append(table)
        if sum(map(len, found)) >= len(rows):
            break
    found, expected = pd.concat(found, ignore_index=True).iloc[: len(rows)], audit.per_image
    same = all(np.array_equal(found[name], expected[name]) for name in expected if name != "index")
    images = open_images(out / "repaired.zarr").take(rows)
    return {"compared": len(rows), "same_findings": same, "same_images": bool((images == audit.repaired).all())}


def measure_near(n, folder):
    """Changed copies among the images of a set that was judged: only these are looked for."""
    import toolkit
    from toolkit.datasets import open_images
    from toolkit.studies import run_partitioned_audit

    options = {"auditor": toolkit.load(folder / "model"), "chunk_size": CHUNK, "n_jobs": 1, "random_state": 0}
    source = open_images(folder / "set.zarr")
    start = time.process_time()
    result = run_partitioned_audit(source, folder / "out", duplicates=True, **options)
    pairs = result.duplicates
    # Row r is a changed copy of row r modulo BASE, and of others that are made of it: is each found as a copy of one?
    near = pairs[pairs["relation"] != "exact"]
    right = (near["row_a"] % BASE == near["row_b"] % BASE).to_numpy()
    ends = np.unique(near.loc[right, ["row_a", "row_b"]].to_numpy())
    figures = {"pairs": len(near), "right": float(right.mean()) if len(near) else None, "images_found": len(ends) / n}
    return {"n": n, "cpu_seconds": time.process_time() - start, "peak_gb": peak_memory(), **figures}


def in_processes(n, *, near=False):
    """A set, and what is measured of it, each in a process of its own; the folder is removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:

        def step(*names):
            subprocess.run([sys.executable, __file__, "--step", *names, str(n), folder], check=True)

        step("set")
        if n <= NEAR_SIZE:
            step("model")
        step("audit")
        if near:
            step("near")
        return json.loads((Path(folder) / ("near.json" if near else "audit.json")).read_text())


def one_step(name, n, folder):
    n, folder = int(n), Path(folder)
    if name == "set":
        make_set(n, folder)
    elif name == "model":
        import zarr

        import toolkit

        make_set(BASE, folder / "model_of")
        toolkit.save(quick_auditor(zarr.open_array(str(folder / "model_of" / "set.zarr"))[:]), folder / "model")
    else:
        figures = (measure if name == "audit" else measure_near)(n, folder)
        (folder / f"{name}.json").write_text(json.dumps(figures))


def show(results):
    rows = sorted((row for name, row in results.items() if name.startswith("n")), key=lambda row: row["n"])
    for row in rows:
        parts = ", ".join(f"{work} {row[work]:.2f}" for work in (*WORK, "judge_and_write") if work in row)
        print(f"{row['n']:>9,} images: {row['total']:.1f} CPU s ({parts}), {row['images_a_second']:,.0f} a second")
        print(
            f"{'':>11}{row['of_one_chunk_in_memory']:.2f} of the rate of one chunk in memory; peak "
            f"{row['peak_gb']:.2f} GB; first {row['compared']:,} rows as in memory: findings {row['same_findings']}, "
            f"images {row['same_images']}"
        )
    for name, row in results.items():
        if name.startswith("near"):
            print(
                f"{row['n']:>9,} images: changed copies {row['cpu_seconds']:.1f} CPU s, peak {row['peak_gb']:.2f} GB; "
                f"{row['pairs']:,} pairs, {100 * row['right']:.2f}% of them made of one image; "
                f"{100 * row['images_found']:.1f}% of the images are in one"
            )
    if len(rows) < 2:
        return
    fitted, held_out = rows[:2], rows[2:]
    slope, intercept = np.polyfit([row["n"] for row in fitted], [row["total"] for row in fitted], 1)
    print(f"line through the first two: {intercept:.1f} s + {1000 * slope:.2f} ms an image")
    for row in held_out:
        forecast = intercept + slope * row["n"]
        error = 100 * (forecast / row["total"] - 1)
        print(f"forecast for {row['n']:,}: {forecast:.1f} s, measured {row['total']:.1f} s ({error:+.0f}%)")
    for n in (10**6, 10**7, 10**9):
        print(f"{n:>13,} images: {slope * n / 3600:,.1f} core-hours")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        one_step(*sys.argv[2:])
    else:
        table = {f"n{n:09d}": lambda n=n: in_processes(n) for n in SIZES}
        table[f"near{NEAR_SIZE:09d}"] = lambda: in_processes(NEAR_SIZE, near=True)
        cells.main("scale", table, show, __doc__)
