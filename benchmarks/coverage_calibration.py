"""False alarms and power of ModeCoverage on MNIST: what it flags among real images, and what it overlooks.

Protocol: principal components and 100 bins fitted on 20,000 images of the training part; 10,000 other images of it are
the "samples". Bars: of 200 random splits, at most 15 flagged at the 5 % level; with one digit removed, with five
removed, and with 50 images repeated, at least 99 % of 300 draws flagged, and at least 90 % of the pictures shown as
dropped are of a removed digit. MNIST's test part, other writers, stands beside. Labels only plant and check.

A cell is ten fits; run it in pieces with ``--only 'false_alarms_0*'``.

    python benchmarks/coverage_calibration.py           # measure what is missing, then print the table
    python benchmarks/coverage_calibration.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_REFERENCE, N_SAMPLES, N_FITS = 20_000, 10_000, 10
N_PIECES = 20  # cells of ten splits each
CONDITIONS = ("one_removed", "five_removed", "fifty_repeated")
DRAWS_PER_FIT = 10


def _split(seed):
    """A fitted ModeCoverage, the labels of its rows, and the other rows with their labels."""
    from toolkit.coverage import ModeCoverage
    from toolkit.datasets import fetch_mnist

    found = fetch_mnist(subset="train")
    order = np.random.default_rng(seed).permutation(len(found))
    known, others = found.subset(np.sort(order[:N_REFERENCE])), found.subset(order[N_REFERENCE:])
    return ModeCoverage(random_state=seed).fit(known.images), known.labels, others


def false_alarms(piece):
    """Ten splits: p-value of the divergence, bins called different, and the same for the test part."""
    from toolkit.datasets import fetch_mnist

    test = fetch_mnist(subset="test").images
    rows = []
    for seed in range(piece * N_FITS, (piece + 1) * N_FITS):
        coverage, _, others = _split(seed)
        fresh, strangers = coverage.evaluate(others.images[:N_SAMPLES]), coverage.evaluate(test)
        rows.append(
            {
                "seed": seed,
                "p_value": fresh.p_values["js"],
                "js": fresh.js,
                "js_expected": fresh.expected["js"],
                "ndb": fresh.ndb,
                "n_different": fresh.n_different,
                "n_missing": len(fresh.missing_),
                "coverage_p_value": fresh.p_values["coverage"],
                "copied_p_value": fresh.p_values["copied_share"],
                "dispersion": coverage.dispersion_,
                "test_p_value": strangers.p_values["js"],
                "test_js": strangers.js,
                "test_n_different": strangers.n_different,
            }
        )
    return {"splits": rows}


def power(condition, piece):
    """Ten fits, ten draws each: flagged or not, and the share of pictures of removed digits among those shown."""
    rows = []
    for seed in range(piece * N_FITS, (piece + 1) * N_FITS):
        coverage, labels, others = _split(1000 + seed)
        generator = np.random.default_rng([seed, CONDITIONS.index(condition)])
        for draw in range(DRAWS_PER_FIT):
            removed = generator.permutation(10)[: {"one_removed": 1, "five_removed": 5}.get(condition, 0)]
            if condition == "one_removed":
                removed = np.array([draw % 10])
            pool = np.flatnonzero(~np.isin(others.labels, removed))
            if condition == "fifty_repeated":
                chosen = generator.choice(generator.choice(pool, 50, replace=False), N_SAMPLES)
            else:
                # With five digits gone there may be fewer than 10,000 others left over for a draw without repeats.
                chosen = generator.choice(pool, N_SAMPLES, replace=False)
            record = coverage.evaluate(others.images[chosen])
            _, shown = coverage.dropped_examples(record, n_per_mode=10)
            right = np.isin(labels[shown["row"]], removed)
            rows.append(
                {
                    "seed": seed,
                    "removed": removed.tolist(),
                    "p_value": record.p_values["js"],
                    "js": record.js,
                    "n_missing": len(record.missing_),
                    "n_shown": len(shown),
                    "n_right": int(right.sum()) if len(removed) else None,
                }
            )
    return {"condition": condition, "draws": rows}


CELLS = {f"false_alarms_{piece:02d}": (lambda piece=piece: false_alarms(piece)) for piece in range(N_PIECES)}
CELLS |= {
    f"power_{condition}_{piece}": (lambda condition=condition, piece=piece: power(condition, piece))
    for condition in CONDITIONS
    for piece in range(3)
}


def show(results):
    """Print the tables."""
    splits = pd.DataFrame([row for name, cell in results.items() if "splits" in cell for row in cell["splits"]])
    if len(splits):
        n = len(splits)
        print(
            f"real against real: {(splits.p_value <= 0.05).sum()} of {n} splits flagged at 5 % "
            f"(bar: 15 of 200), a bin called missing in {(splits.n_missing > 0).sum()}, different in "
            f"{(splits.n_different > 0).sum()}; copies flagged at 1 % in {(splits.copied_p_value < 0.01).sum()}; "
            f"coverage below 5 % in {(splits.coverage_p_value <= 0.05).sum()}"
        )
        means = splits[["js", "js_expected", "ndb"]].mean()
        print(f"  divergence {means.js:.5f}, expected {means.js_expected:.5f}; NDB {means.ndb:.2f}")
        print(
            f"test part: {(splits.test_p_value <= 0.05).sum()} of {n} flagged, divergence {splits.test_js.mean():.4f}, "
            f"bins different {splits.test_n_different.mean():.1f}"
        )
    rows = []
    for condition in CONDITIONS:
        draws = [row for cell in results.values() if cell.get("condition") == condition for row in cell["draws"]]
        if draws:
            frame = pd.DataFrame(draws)
            shown = frame[frame.n_shown > 0]
            known = shown.n_right.notna().all()
            rows.append(
                {
                    "condition": condition,
                    "draws": len(frame),
                    "flagged": (frame.p_value <= 0.05).mean(),
                    "js": frame.js.mean(),
                    "missing bins": frame.n_missing.mean(),
                    "shown something": (frame.n_shown > 0).mean(),
                    "of removed digits": shown.n_right.sum() / shown.n_shown.sum() if known else None,
                    "draws below 90 %": (shown.n_right / shown.n_shown < 0.9).sum() if known else None,
                }
            )
    if rows:
        print(pd.DataFrame(rows).round(4).to_string(index=False))
        print("\nbars: flagged >= .99, of removed digits >= .90")


if __name__ == "__main__":
    cells.main("coverage_calibration", CELLS, show, __doc__)
