"""What `ConditionalGAN()` draws by itself, and with the other way of telling the discriminator the label.

Protocol: 5,000 labelled images, as many steps as take 25 processor seconds on one thread (as measured on forty). Three
nearest neighbours among other labelled images read a hundred draws of each class; how varied they are is the standard
deviation of a pixel within a class, against that of real images; coverage figures are of 1,000 draws of any class
against the images it learnt from. The default was chosen on the embedded digits and MNIST.

    python benchmarks/conditional_default.py           # measure what is missing, then print the table
    python benchmarks/conditional_default.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

SECONDS, N_TRAIN, N_TIMED, N_READ, N_JUDGED = 25, 5000, 40, 100, 1000
SETS = ("digits", "mnist", "fashion", "emnist")
FIGURES = ("js", "recall", "precision", "clipped_density", "clipped_coverage")


def _labelled(name):
    from toolkit.datasets import fetch_emnist, fetch_fashion_mnist, fetch_mnist, load_digits

    found = {
        "digits": load_digits,
        "mnist": lambda: fetch_mnist(subset="train"),
        "fashion": lambda: fetch_fashion_mnist(subset="train"),
        "emnist": lambda: fetch_emnist("mnist", subset="test"),
    }[name]()
    return found.images[: 2 * N_TRAIN], found.labels[: 2 * N_TRAIN]


def measure(name, conditioning, seed):
    """One cell."""
    from sklearn.neighbors import KNeighborsClassifier

    from toolkit.coverage import ModeCoverage
    from toolkit.generators import ConditionalGAN

    images, labels = _labelled(name)
    n = min(N_TRAIN, len(images) * 2 // 3)
    reader = KNeighborsClassifier(3).fit(images[n:].reshape(len(images) - n, -1), labels[n:])
    images, labels = images[:n], labels[:n]

    def fitted(n_steps):
        start = time.process_time()
        gan = ConditionalGAN(
            discriminator_conditioning=conditioning, max_steps=n_steps, snapshot_epochs=(), random_state=seed
        ).fit(images, labels)
        return gan, time.process_time() - start

    fitted(5)  # what happens once is not timed
    n_steps = round(SECONDS * N_TIMED / fitted(N_TIMED)[1])
    gan, seconds = fitted(n_steps)
    asked = np.repeat(gan.classes_, N_READ)
    drawn = gan.sample(len(asked), y=asked, random_state=1)

    def spread(rows, of):
        return np.mean([rows[of == kind].std(axis=0).mean() for kind in gan.classes_])

    record = ModeCoverage(random_state=seed).fit(images).evaluate(gan.sample(N_JUDGED, random_state=2))
    return {
        "set": name,
        "conditioning": conditioning,
        "seed": seed,
        "steps": n_steps,
        "fit_cpu_seconds": round(seconds, 1),
        "read": float((reader.predict(drawn.reshape(len(drawn), -1)) == asked).mean()),
        "spread": float(spread(drawn, asked) / spread(images, labels)),
        **{figure: float(record.figures[figure]) for figure in FIGURES},
    }


CELLS = {
    f"{name}_{conditioning}_seed{seed}": (lambda name=name, way=conditioning, seed=seed: measure(name, way, seed))
    for seed in (0, 1, 2)
    for name in SETS
    for conditioning in ("projection", "embedding")
}


def show(results):
    """Print the table."""
    if not results:
        return
    groups = pd.DataFrame(results.values()).groupby(["set", "conditioning"])
    frame = groups[["steps", "read", "spread", *FIGURES]].mean().round(3)
    frame.insert(0, "seeds", groups["seed"].nunique())
    print(frame.to_string() + "\nread: as the class asked for; spread: of real images of a class it is 1")


if __name__ == "__main__":
    cells.main("conditional_default", CELLS, show, __doc__)
