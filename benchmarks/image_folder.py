"""Decoding a folder of pictures: 11,687 JPEG of 64 x 64, resized to 75 x 75 x 3, each run a process of its own.

- ``workers<n>_run<k>``: wall-clock seconds of the call, with nothing cached, and the largest memory of the parent and
  of any worker. The bar: two workers >= 1.7 times as fast as one (medians), peak memory under 600 MB. On a machine that
  is busy with something else the ratio says nothing.
- ``cached``: the next call, which decodes nothing.

    TOOLKIT_PICTURES=folder python benchmarks/image_folder.py   # measure what is missing, then print the table
    python benchmarks/image_folder.py --table                   # print only
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial

import cells
import pandas as pd

TABLE, RUNS, WORKERS = "image_folder", 5, (1, 2)

# A fresh interpreter each: its largest memory is that of the call, imports included.
CODE = """
import json, os, resource, sys, time
from toolkit.datasets import load_image_folder
folder, cache, n_jobs, again = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "again"
if again:
    load_image_folder(folder, cache=cache, n_jobs=n_jobs)
start = time.perf_counter()
found = load_image_folder(folder, cache=cache, n_jobs=n_jobs)
seconds = time.perf_counter() - start
memory = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({
    "seconds": seconds, "n_images": len(found), "n_skipped": len(found.skipped), "shape": list(found.images.shape),
    "parent_mb": memory[0], "worker_mb": memory[1], "peak_mb": memory[0] + n_jobs * memory[1],
    "load_average": os.getloadavg()[0],
}))
"""


def measure(n_jobs, again=False):
    """One run in a fresh process and a fresh cache."""
    folder = os.environ.get("TOOLKIT_PICTURES")
    if not folder or not os.path.isdir(folder):
        raise SystemExit("TOOLKIT_PICTURES must name a folder of pictures.")
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-c", CODE, folder, cache, str(n_jobs), "again" if again else "once"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {"workers": n_jobs, "cached": again, **json.loads(answer)}


# One worker and two by turns, so that whatever else the machine does falls on both.
CELLS = {f"workers{n}_run{run}": partial(measure, n) for run in range(RUNS) for n in WORKERS}
CELLS["cached"] = partial(measure, 1, True)


def show(results):
    """Print the table."""
    if not results:
        print("nothing measured yet")
        return
    frame = pd.DataFrame(results).T
    columns = ["seconds", "parent_mb", "worker_mb", "peak_mb", "load_average"]
    table = frame.astype(dict.fromkeys(columns, float)).groupby(["cached", "workers"])[columns].median()
    print(table.round(2))
    if {(False, 1), (False, 2)} <= set(table.index):
        ratio = table.loc[(False, 1), "seconds"] / table.loc[(False, 2), "seconds"]
        print(f"\ntwo workers are {ratio:.2f} times as fast as one")
    print("bar: 1.7 times as fast, peak memory under 600 MB")


if __name__ == "__main__":
    cells.main(TABLE, CELLS, show, __doc__)
