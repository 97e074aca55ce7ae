"""Does an audit of a large file stay small? 20,000, 63,000 and 200,000 images from a memory map.

Each cell runs ``toolkit audit`` on an ``.npy`` file in a process of its own and asks the system for that process's
peak memory and processor time. The images are MNIST's train part, as often as needed and corrupted anew each time
(20 %, all kinds).

    python benchmarks/large_sets.py [--table]

The bar: less than 3 GB at 200,000 images, and time linear from 20,000.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main

from toolkit.corruption import Corruptor
from toolkit.datasets import fetch_mnist

SIZES = (20_000, 63_000, 200_000)


def write_map(path, n_images):
    """Write ``n_images`` images to ``path`` as ``.npy``, a repeat at a time."""
    clean = fetch_mnist("train").images
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(n_images, 28, 28))
    for repeat, start in enumerate(range(0, n_images, len(clean))):
        part = clean[: n_images - start]
        target[start : start + len(part)] = Corruptor(fraction=0.2, random_state=repeat).corrupt(part)[0]
    target.flush()


def cell(n_images):
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "images.npy", Path(folder) / "audit"
        write_map(data, n_images)
        command = [str(Path(sys.executable).with_name("toolkit")), "audit", "--data", str(data), "--out", str(out)]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            raise RuntimeError(f"toolkit audit ended with status {status}")
        summary = json.loads((out / "summary.json").read_text())
    return {
        "n_images": n_images,
        "peak_gb": usage.ru_maxrss * 1024 / 1e9,
        "seconds": seconds,
        "process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "timings": summary["timings"],
    }


CELLS = {f"images_{size}": lambda size=size: cell(size) for size in SIZES}


def show(results):
    if not results:
        return
    frame = pd.DataFrame(list(results.values())).sort_values("n_images")
    frame["ms_an_image"] = 1000 * frame["process_cpu_seconds"] / frame["n_images"]
    columns = ["n_images", "peak_gb", "seconds", "process_cpu_seconds", "ms_an_image"]
    print(frame[columns].round(3).to_string(index=False))
    if len(frame) > 1:
        low, high = frame.iloc[0], frame.iloc[-1]
        slope = (high["process_cpu_seconds"] - low["process_cpu_seconds"]) / (high["n_images"] - low["n_images"])
        print(f"CPU seconds per further 1,000 images: {1000 * slope:.2f}")


if __name__ == "__main__":
    main("large_sets", CELLS, show, __doc__)
