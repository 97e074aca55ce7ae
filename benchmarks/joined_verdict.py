"""The verdict of ModeCoverage in three parts: how often it passes real images, and finds what was done to them.

Protocol: seven sets, 5,000 images each (or half of what there is), 2,000 other real images as samples, as they are and
with one thing done to them: all blurred (sigma 1), 5 % of another set, one class gone (of sets with many, as many as
make up a twentieth), one thinned to a quarter, 20 % and 100 % of the samples copied from the data, all with noise (a
twentieth of the range). With odd seeds 1 % of the data repeats other rows of it, exactly. Real images alone with seven
seeds, all with four. Labels only plant.

Bars, of 28 each: real images flagged in at most 5 % of 49; blurred 26, foreign 24, gone 28, thinned 27, copies and
noise all; each in its part.

    python benchmarks/joined_verdict.py           # measure what is missing, then print the table
    python benchmarks/joined_verdict.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_DATA, N_SAMPLES = 5000, 2000
SETS = ("mnist", "fashion", "emnist", "letters", "arabic", "glyphs", "digits")
FOREIGN = {"mnist": "letters", "emnist": "arabic", "fashion": "mnist", "letters": "arabic", "arabic": "letters"}
PART = {
    "blurred": "fidelity",
    "foreign": "fidelity",
    "gone": "coverage",
    "thinned": "coverage",
    "copies_20": "originality",
    "copies_100": "originality",
    "noise": "fidelity",
}
BARS = {"blurred": 26, "foreign": 24, "gone": 28, "thinned": 27, "copies_20": 28, "copies_100": 28, "noise": 28}


def _set(name):
    from toolkit.datasets import fetch_emnist, fetch_fashion_mnist, fetch_mnist, load_digits, load_glyphs

    if name in ("letters", "arabic"):
        file = {"letters": "letters.npz", "arabic": "letters_ahcd.npz"}[name]
        with np.load(Path(os.environ["TOOLKIT_DATA"]) / "letters" / file) as found:
            return found["images"], found["labels"]
    found = {
        "mnist": lambda: fetch_mnist(subset="train"),
        "fashion": lambda: fetch_fashion_mnist(subset="train"),
        "emnist": lambda: fetch_emnist("mnist", subset="test"),
        "glyphs": lambda: load_glyphs(12_000, classes="0123456789", random_state=0),
        "digits": load_digits,
    }[name]()
    return found.images, found.labels


def _foreign(name, n, generator):
    if name in FOREIGN:
        images = _set(FOREIGN[name])[0]
        return images[generator.permutation(len(images))[:n]]
    from toolkit.datasets import load_glyphs

    return load_glyphs(n, classes="ABDEGHKMRSTWXbdefht", random_state=int(generator.integers(2**31))).images


def _spoilt(name, data, held, labels, generator):
    """Each condition's samples; ``held`` and ``labels`` are of all real images that are not in the data."""
    from scipy.ndimage import gaussian_filter

    real = held[:N_SAMPLES]
    n = len(real)
    mixed, copied = real.copy(), real.copy()
    mixed[: n // 20] = _foreign(name, n // 20, generator)
    copied[: n // 5] = data[generator.permutation(len(data))[: n // 5]]
    classes, counts = np.unique(labels, return_counts=True)
    order = generator.permutation(len(classes))
    n_classes = 1 + int(np.searchsorted(np.cumsum(counts[order]), 0.05 * len(labels)))
    one = np.isin(labels, classes[order[:n_classes]])
    noise = generator.normal(0, 0.05 * 255, real.shape)
    return {
        "blurred": np.rint([gaussian_filter(image.astype(float), 1.0) for image in real]).astype(np.uint8),
        "foreign": mixed,
        "gone": held[~one][:N_SAMPLES],
        "thinned": held[~one | (generator.random(len(held)) < 0.25)][:N_SAMPLES],
        "copies_20": copied,
        "copies_100": data[generator.permutation(len(data))[:N_SAMPLES]],
        "noise": np.clip(real + noise, 0, 255).astype(np.uint8),
    }


def measure(name, seed, conditions):
    """One cell: a fit, and the verdicts on real and on spoilt samples."""
    from toolkit.coverage import ModeCoverage

    images, labels = _set(name)
    generator = np.random.default_rng([seed, SETS.index(name)])
    order = generator.permutation(len(images))
    size = min(N_DATA, len(images) // 2)
    data, held, labels = images[order[:size]].copy(), images[order[size:]], labels[order[size:]]
    if seed % 2:
        repeated = generator.permutation(size)[: size // 50]
        data[repeated[: size // 100]] = data[repeated[size // 100 : 2 * (size // 100)]]
    coverage = ModeCoverage(random_state=seed).fit(data)
    samples = {"real": held[:N_SAMPLES]}
    if conditions:
        samples |= _spoilt(name, data, held, labels, generator)
    rows = []
    for condition, drawn in samples.items():
        record = coverage.evaluate(drawn)
        rows.append(
            {
                "condition": condition,
                "flagged": bool(record.flagged),
                "failed": [part.name for part in record.parts if not part.passed],
                "p_values": {test: value for part in record.parts for test, value in part.evidence.items()},
                "precision_p_value": record.p_values["precision"],
                "frechet_p_value": record.p_values["frechet"],
            }
        )
    return {"set": name, "seed": seed, "n_data": size, "duplicates": bool(seed % 2), "rows": rows}


CELLS = {
    f"{name}_seed{seed}": (lambda name=name, seed=seed: measure(name, seed, seed < 4))
    for seed in range(7)
    for name in SETS
}


def show(results):
    """Print the table."""
    rows = pd.DataFrame([{"set": cell["set"], **row} for cell in results.values() for row in cell["rows"]])
    table = []
    for condition, part in rows.groupby("condition", sort=False):
        wanted = PART.get(condition)
        table.append(
            {
                "condition": condition,
                "of": len(part),
                "flagged": int(part["flagged"].sum()),
                "bar": "at most 5 %" if wanted is None else f"{BARS[condition]} of 28",
                **{name: int(part["failed"].map(lambda found, name=name: name in found).sum())
                   for name in ("fidelity", "coverage", "originality")},
                "in its part": wanted or "",
            }
        )  # fmt: skip
    print(pd.DataFrame(table).to_string(index=False))
    real = rows[rows["condition"] == "real"]
    tests = pd.DataFrame(list(real["p_values"])).assign(
        precision=real["precision_p_value"].to_numpy(), frechet=real["frechet_p_value"].to_numpy()
    )
    print("\nreal images, share of p values at most .05 by test (not adjusted):")
    print((tests <= 0.05).mean().round(3).to_string())


if __name__ == "__main__":
    cells.main("joined_verdict", CELLS, show, __doc__)
