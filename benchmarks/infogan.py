"""Categories without labels: how well does an InfoGAN name the digits, and draw the one asked for?

Protocol: 20,000 training images, the preset ``infogan`` for as many steps as take the processor seconds of the cell (as
measured on sixty of them). Categories are matched with digits by the assignment that agrees most (Hungarian). Ten draws
of a category are read by three nearest neighbours among 5,000 labelled images. Labels only check. Bars at 600 seconds:
.90 of the images, .90 of the draws.

    python benchmarks/infogan.py           # measure what is missing, then print the table
    python benchmarks/infogan.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_TRAIN, N_LABELLED, N_TIMED, N_DRAWN = 20_000, 5_000, 60, 100


def measure(seconds, seed):
    """One cell."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.neighbors import KNeighborsClassifier

    from toolkit.datasets import fetch_mnist
    from toolkit.generators import GAN

    found = fetch_mnist(subset="train")
    order = np.random.default_rng(seed).permutation(len(found.images))[:N_TRAIN]
    images, labels = found.images[order], found.labels[order].astype(int)
    options = {"preset": "infogan", "snapshot_epochs": (), "random_state": seed}
    times = []
    GAN(max_steps=10, **options).fit(images)  # what happens once, imports above all, is not timed
    for n_steps in (10, 10 + N_TIMED):
        start = time.process_time()
        GAN(max_steps=n_steps, **options).fit(images)
        times.append(time.process_time() - start)
    n_steps = round(seconds * N_TIMED / (times[1] - times[0]))
    start = time.process_time()
    gan = GAN(max_steps=n_steps, **options).fit(images)
    fitted = time.process_time() - start
    counts = np.zeros((10, 10))
    np.add.at(counts, (gan.predict(images), labels), 1)
    category, digit = linear_sum_assignment(-counts)
    reader = KNeighborsClassifier(3).fit(images[:N_LABELLED].reshape(N_LABELLED, -1), labels[:N_LABELLED])
    read = [
        float((reader.predict(gan.sample(N_DRAWN, category=int(k), random_state=1).reshape(N_DRAWN, -1)) == d).mean())
        for k, d in zip(category, digit)
    ]
    return {
        "seconds": seconds,
        "seed": seed,
        "steps": n_steps,
        "fit_cpu_seconds": round(fitted, 1),
        "accuracy": float(counts[category, digit].sum() / len(labels)),
        "drawn_as_asked": float(np.mean(read)),
        "by_digit": {str(d): [float(counts[k, d] / counts[:, d].sum()), r] for k, d, r in zip(category, digit, read)},
    }


CELLS = {
    f"mnist_{seconds}s_seed{seed}": (lambda seconds=seconds, seed=seed: measure(seconds, seed))
    for seconds in (60, 180, 600)
    for seed in (0, 1, 2)
}


def show(results):
    """Print the table."""
    names = ["seconds", "seed", "steps", "fit_cpu_seconds", "accuracy", "drawn_as_asked"]
    frame = pd.DataFrame([{name: cell[name] for name in names} for cell in results.values()])
    print(frame.sort_values(["seconds", "seed"]).round(3).to_string(index=False))


if __name__ == "__main__":
    cells.main("infogan", CELLS, show, __doc__)
