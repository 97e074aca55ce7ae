"""Two worker processes of Dask or Ray against one process: how much sooner is an audit in parts done?

40,000 damaged glyphs in a zarr array, a quick auditor fitted to 2,000. One after the other and on two workers, in turn,
three times; the figure is the median of the three ratios of wall seconds of judging. Workers are started, and have
judged a little, before anything is timed. The tables are compared byte by byte. **The machine must be idle**: a cell
notes the load before it began.

    python benchmarks/engines.py           # measure what is missing (about ten minutes), then print the table
    python benchmarks/engines.py --table   # print only
"""

import contextlib
import os
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402

N, CHUNK, TIMES = 40_000, 1024, 3


def make(folder):
    import zarr
    from scale import quick_auditor

    import toolkit
    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs

    base = Corruptor(fraction=0.2, random_state=0).corrupt(load_glyphs(n_samples=8000, random_state=0).images)[0]
    for name, n in (("set", N), ("little", 2 * CHUNK)):
        array = zarr.create_array(
            str(folder / f"{name}.zarr"), shape=(n, 28, 28), dtype="uint8", chunks=(CHUNK, 28, 28)
        )
        for start in range(0, n, len(base)):
            array[start : start + len(base)] = base[: n - start]
    toolkit.save(quick_auditor(base[:2000]), folder / "model")


@contextlib.contextmanager
def workers(engine):
    """Two of them; what ``scheduler`` has to be."""
    if engine == "dask":
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            yield cluster.scheduler_address
        return
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        yield None
    finally:
        ray.shutdown()


def compare(engine):
    import toolkit
    from toolkit.studies import run_partitioned_audit

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        make(folder)
        auditor = toolkit.load(folder / "model")

        def judging(name, out, **options):
            options = {"auditor": auditor, "chunk_size": CHUNK, "duplicates": False, "random_state": 0} | options
            found = run_partitioned_audit(folder / f"{name}.zarr", folder / out, **options)
            return found.timings["judging and repairing"]

        with workers(engine) as scheduler:
            two = {"engine": engine, "scheduler": scheduler, "n_jobs": 2}
            judging("little", "warm", **two)
            seconds = []
            for time_ in range(TIMES):
                one = judging("set", f"one{time_}", n_jobs=1)
                time.sleep(1)
                seconds.append((one, judging("set", f"two{time_}", **two)))
        tables = [sorted((folder / out / "parts").glob("*.parquet")) for out in ("one0", "two0")]
        same = [a.read_bytes() == b.read_bytes() for a, b in zip(*tables)]
        return {
            "engine": engine,
            "n": N,
            "seconds_one": [one for one, _ in seconds],
            "seconds_two": [two for _, two in seconds],
            "ratio": float(np.median([one / two for one, two in seconds])),
            "same_tables": all(same) and len(tables[0]) == len(tables[1]) > 0,
            "load_before": load,
        }


def show(results):
    for row in results.values():
        print(
            f"{row['engine']}: {row['ratio']:.2f} x one process over {row['n']:,} images (median of {TIMES}); "
            f"same tables: {row['same_tables']}; load before: {row['load_before']:.1f}"
        )


if __name__ == "__main__":
    cells.main("engines", {engine: lambda engine=engine: compare(engine) for engine in ("dask", "ray")}, show, __doc__)
