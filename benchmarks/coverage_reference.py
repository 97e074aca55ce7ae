"""The reference sets of mode coverage on MNIST: what each measure says of a whole, a partial and a collapsed sample.

Principal components and 100 bins fitted on 20,000 images of the training part, 10,000 of each set; neighbour figures on
10,000 against 10,000. The reference figures were measured before the toolkit was written, by other code, on another
split: they must come out within sampling error (over five splits here). Which five digits they kept is not known; each
split keeps another five.

    python benchmarks/coverage_reference.py           # measure what is missing, then print the table
    python benchmarks/coverage_reference.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N = 10_000
FIVE = ((0, 1, 2, 3, 4), (5, 6, 7, 8, 9), (0, 2, 4, 6, 8), (1, 3, 5, 7, 9), (0, 3, 4, 7, 9))
REFERENCE = {
    "test part": {"ndb": 1, "js": 0.0043, "coverage": 0.955, "recall": 0.930},
    "without nines": {"ndb": 10, "js": 0.0165, "coverage": 0.896, "recall": 0.920},
    "five digits": {"ndb": 85, "js": 0.131, "coverage": 0.558, "recall": 0.654},
    "50 images repeated": {"ndb": 98, "js": 0.276, "coverage": 0.026, "recall": 0.0},
}


def measure(seed):
    """One split: all sets."""
    from toolkit.coverage import ModeCoverage, vendi_score
    from toolkit.datasets import fetch_mnist

    train, test = (fetch_mnist(subset=subset) for subset in ("train", "test"))
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(train))
    coverage = ModeCoverage(n_neighbour_rows=N, n_splits=2, random_state=seed).fit(train.images[order[: 2 * N]])
    others = train.subset(order[2 * N :])
    sets = {
        "test part": test.images,
        "without nines": others.images[others.labels != 9][:N],
        "five digits": others.images[np.isin(others.labels, FIVE[seed])][:N],
        "50 images repeated": others.images[generator.integers(50, size=N)],
    }
    found = {}
    for name, images in sets.items():
        record = coverage.evaluate(images)
        features = coverage.transform(images)
        found[name] = {
            "js": record.js,
            "ndb_plain": record.ndb,
            "ndb_adjusted": record.n_different,
            "ndb_bonferroni": int((record.bins["p_value"] < 0.05 / record.n_bins).sum()),
            "precision": record.precision,
            "recall": record.recall,
            "density": record.density,
            "coverage": record.coverage,
            "frechet": record.frechet,
            "vendi": vendi_score(features - features.mean(axis=0)),
            "missing_bins": len(record.missing_),
            "p_value": record.p_values["js"],
        }
    return {"sets": found}


CELLS = {f"mnist_seed{seed}": (lambda seed=seed: measure(seed)) for seed in range(5)}


def show(results):
    """Print the table, each figure with the range over splits."""
    rows = []
    for name, reference in REFERENCE.items():
        found = pd.DataFrame([cell["sets"][name] for cell in results.values()])
        if len(found):
            row = {"set": name, "splits": len(found)}
            row["ndb: plain"] = f"{found.ndb_plain.mean():.1f}"
            row["false discovery"] = f"{found.ndb_adjusted.mean():.1f}"
            row["Bonferroni"] = f"{found.ndb_bonferroni.min()}..{found.ndb_bonferroni.max()} ({reference['ndb']})"
            for key in ("js", "coverage", "recall"):
                row[key] = f"{found[key].min():.4f}..{found[key].max():.4f} ({reference[key]})"
            row |= {"density": f"{found.density.mean():.3f}", "vendi": f"{found.vendi.mean():.2f}"}
            rows.append(row)
    print(pd.DataFrame(rows).T.to_string(header=False) if rows else "nothing measured yet")
    print("\nin brackets: the reference figures")


if __name__ == "__main__":
    cells.main("coverage_reference", CELLS, show, __doc__)
