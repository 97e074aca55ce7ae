"""What GAN() draws on sets that its settings were never tried on: EMNIST digits, Fashion-MNIST, Arabic letters.

Protocol: 5,000 images (letters: half of what there is), the default preset for as many steps as take 180 processor
seconds (as measured on sixty of them), 2,000 samples. Held against it are 2,000 other real images. Labels only check:
five nearest of the training images (50 principal components) read each sample; it is read with confidence where all
five agree. Bars: a divergence at most twice that of the real images, no copies, every class drawn (more than a tenth
of its share), at least .25 read with confidence.

    python benchmarks/gan_default.py           # measure what is missing, then print the table
    python benchmarks/gan_default.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

SECONDS, N_TRAIN, N_SAMPLES, N_TIMED = 180, 5000, 2000, 60
SEEDS = (0, 1, 2)
FIGURES = ("js", "recall", "precision", "coverage", "frechet", "clipped_density", "copied_share")


def _set(name):
    from toolkit.datasets import fetch_emnist, fetch_fashion_mnist

    if name == "emnist":
        found = fetch_emnist("mnist", subset="test")
        return found.images, found.labels
    if name == "fashion":
        found = fetch_fashion_mnist(subset="train")
        return found.images, found.labels
    with np.load(Path(os.environ["TOOLKIT_DATA"]) / "letters" / "letters_ahcd.npz") as file:
        return file["images"], file["labels"]


def measure(name, seed):
    """One cell."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier

    from toolkit.coverage import ModeCoverage
    from toolkit.generators import GAN

    images, labels = _set(name)
    order = np.random.default_rng(seed).permutation(len(images))
    n_train = min(N_TRAIN, len(images) // 2)
    train, held = order[:n_train], order[n_train : n_train + N_SAMPLES]
    timed = GAN(max_steps=N_TIMED, random_state=seed)
    timed.fit(images[train])
    start = time.process_time()
    timed.fit(images[train])
    n_steps = round(SECONDS * N_TIMED / (time.process_time() - start))
    start = time.process_time()
    gan = GAN(max_steps=n_steps, snapshot_epochs=(), random_state=seed).fit(images[train])
    seconds = time.process_time() - start
    drawn = gan.sample(len(held), random_state=1)
    coverage = ModeCoverage(random_state=seed).fit(images[train])
    model = PCA(50, random_state=0).fit(_rows(images[train]))
    reader = KNeighborsClassifier(5).fit(model.transform(_rows(images[train])), labels[train])
    found = {"set": name, "seed": seed, "n_train": n_train, "steps": n_steps, "fit_cpu_seconds": round(seconds, 1)}
    for who, rows in (("samples", drawn), ("real", images[held])):
        record = coverage.evaluate(rows)
        votes = reader.predict_proba(model.transform(_rows(rows)))
        shares = np.bincount(votes.argmax(axis=1), minlength=votes.shape[1]) / len(rows)
        due = np.bincount(np.searchsorted(reader.classes_, labels[train])) / n_train
        found[who] = {figure: record.figures[figure] for figure in FIGURES} | {
            "copied_p_value": record.p_values["copied_share"],
            "confident": float((votes.max(axis=1) == 1).mean()),
            "n_classes": int((shares > 0.1 * due).sum()),
            "of_classes": int(votes.shape[1]),
            "outcome": record.outcome,
        }
    return found


def _rows(images):
    return images.reshape(len(images), -1) / 255.0


CELLS = {
    f"{name}_seed{seed}": (lambda name=name, seed=seed: measure(name, seed))
    for seed in SEEDS
    for name in ("emnist", "fashion", "letters")
}


def show(results):
    """Print the table."""
    rows = [
        {
            "set": cell["set"],
            "seed": cell["seed"],
            "steps": cell["steps"],
            "cpu s": cell["fit_cpu_seconds"],
            **{
                figure: f"{cell['samples'][figure]:.4f} ({cell['real'][figure]:.4f})"
                for figure in ("js", "recall", "precision", "coverage", "frechet", "confident")
            },
            "classes": f"{cell['samples']['n_classes']} of {cell['real']['of_classes']}",
            "copies p": round(cell["samples"]["copied_p_value"], 3),
        }
        for cell in results.values()
    ]
    print(pd.DataFrame(rows).to_string(index=False))
    print("\nin brackets: as many real images; bars: js at most twice that, all classes, no copies, confident >= .25")


if __name__ == "__main__":
    cells.main("gan_default", CELLS, show, __doc__)
