"""A GAN that misses two digits, and improve_coverage: are both drawn again, and are samples no worse?

Protocol: the embedded digits without two kinds, 800 steps of the default preset; then improve_coverage with all digits.
Three nearest neighbours among the digits read 1,000 samples before and after; labels only check. Bars: both kinds at
half of their share or more, and no more samples far from held-out rows.

    python benchmarks/repaired_generator.py           # measure what is missing, then print the table
    python benchmarks/repaired_generator.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_STEPS, N_READ = 800, 1000


def measure(lost, seed):
    """One cell."""
    from sklearn.neighbors import KNeighborsClassifier

    from toolkit.coverage import improve_coverage
    from toolkit.datasets import load_digits
    from toolkit.generators import GAN

    digits = load_digits()
    flat = digits.images.reshape(len(digits.images), -1)
    reader = KNeighborsClassifier(3).fit(flat, digits.labels)
    left = ~np.isin(digits.labels, lost)
    gan = GAN(max_steps=N_STEPS, random_state=seed).fit(digits.images[left])
    start = time.process_time()
    found = improve_coverage(gan, None, digits.images, n_samples=N_READ, random_state=seed)
    seconds = time.process_time() - start

    def shares(model):
        read = reader.predict(model.sample(N_READ, random_state=1).reshape(N_READ, -1))
        return {str(kind): float((read == kind).mean()) for kind in lost}

    return {
        "lost": [str(kind) for kind in lost],
        "seed": seed,
        "kept": found.kept,
        "actions": list(found.actions),
        "due": {str(kind): float((digits.labels == kind).mean()) for kind in lost},
        "before": shares(gan),
        "after": shares(found.model),
        "js": [found.before.js, found.after.js],
        "far": [found.far_before, found.far_after],
        "p_value_far": found.p_value_far,
        "repair_cpu_seconds": round(seconds, 1),
        "sentence": found.sentence,
    }


CELLS = {
    f"lost_{lost[0]}_{lost[1]}_seed{seed}": (lambda lost=lost, seed=seed: measure(lost, seed))
    for seed, lost in enumerate(((3, 7), (0, 8), (4, 5)))
}


def show(results):
    """Print the table."""
    rows = [
        {
            "lost": " and ".join(cell["lost"]),
            "kept": cell["kept"],
            "what": " + ".join(cell["actions"]),
            "shares before": ", ".join(f"{share:.3f}" for share in cell["before"].values()),
            "after": ", ".join(f"{share:.3f}" for share in cell["after"].values()),
            "due": ", ".join(f"{share:.3f}" for share in cell["due"].values()),
            "js": "{:.4f} -> {:.4f}".format(*cell["js"]),
            "far": "{:.3f} -> {:.3f}".format(*cell["far"]),
            "cpu s": cell["repair_cpu_seconds"],
        }
        for cell in results.values()
    ]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    cells.main("repaired_generator", CELLS, show, __doc__)
