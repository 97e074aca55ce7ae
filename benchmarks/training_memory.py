"""Memory that training adds to 60,000 images of 28 x 28, kept as uint8: no more than one and a half times the array.

Each cell is a process of its own: it makes the array, fits a thousand rows so that all libraries are loaded, and then
measures by how much the largest resident set of the fit (the kernel's VmHWM) exceeds the present one.

    python benchmarks/training_memory.py            # run the cells that are missing, then print the table
    python benchmarks/training_memory.py --table    # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import json  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import pandas as pd  # noqa: E402

N_ROWS = 60_000
MODELS = {
    "autoencoder": ("Autoencoder", {"epochs": 1, "n_components": 3}, False),
    "vae": ("VariationalAutoencoder", {"epochs": 1}, False),
    "gan": ("GAN", {"max_steps": 300}, False),
    "gan_with_checkpoints": ("GAN", {"max_steps": 300}, True),
}


def _resident(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {name}")


def measure(name):
    """Run in a process of its own: what fitting adds."""
    import numpy as np

    from toolkit import generators
    from toolkit.nn import Checkpoint

    kind, parameters, with_checkpoints = MODELS[name]
    images = np.random.default_rng(0).integers(0, 256, (N_ROWS, 28, 28), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:

        def fit(rows, place):
            checkpoint = Checkpoint(Path(folder) / place, every=100, unit="steps") if with_checkpoints else None
            getattr(generators, kind)(**parameters, random_state=0).fit(rows, checkpoint=checkpoint)

        fit(images[:1000], "first")
        before = _resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # start the kernel's high-water mark anew
        fit(images, "second")
    added = _resident("VmHWM") - before
    return {"array_mb": images.nbytes / 1e6, "added_mb": added / 1e6, "ratio": added / images.nbytes}


def run(name):
    """One cell."""
    command = [sys.executable, __file__, "--measure", name]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def show(results):
    """The table."""
    print(pd.DataFrame(results).T[["array_mb", "added_mb", "ratio"]].astype(float).round(2).to_string())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        cells.main("training_memory", {name: partial(run, name) for name in MODELS}, show, __doc__)
