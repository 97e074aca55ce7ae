"""How well ``estimate_detection`` predicts the true AUROC of detectors, without labels, on the reporting sets.

Each cell takes 4,000 images of a reporting set, corrupts them by one recipe, estimates the AUROC of fourteen detectors
from the images alone (with the contamination model that the function estimates by LDA, not an identifier's), then
measures the true one. Bar: Spearman's correlation over the detectors of a set >= .7.

    python benchmarks/estimated_detection.py            run what is missing, then print the table
    python benchmarks/estimated_detection.py --table    print only
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from cells import main
from reporting_sets import NAMES, images
from scipy.stats import spearmanr
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.comparison import compare_detectors, estimate_detection
from toolkit.corruption import FAMILIES, KINDS, MEASURED_KINDS, Corruptor
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics

RAW = ("cblof", "copod", "ecod", "gmm", "hbos", "iforest", "knn", "loda", "lof", "pca", "sampling")
ON_STATISTICS = ("iforest", "knn", "lof")
# Kinds and share of corrupted images: a wide mixture, and sets in which one family of kinds was at work.
RECIPES = {
    "twelve": (MEASURED_KINDS, 0.2),
    "noise": (tuple(kind for kind in KINDS if FAMILIES[kind] == "noise"), 0.1),
    "blur": (tuple(kind for kind in KINDS if FAMILIES[kind] == "blur"), 0.15),
    "geometry": (tuple(kind for kind in KINDS if FAMILIES[kind] == "geometry"), 0.2),
}


def detectors():
    """Raw pixels by name, and pipelines on image statistics."""
    found = {name: OutlierDetector(name) for name in RAW}
    for name in ON_STATISTICS:
        found[f"statistics_{name}"] = make_pipeline(CorruptionDiagnostics(), RobustScaler(), OutlierDetector(name))
    return found


def cell(name, recipe, seed):
    """Estimate first, then look at the truth."""
    clean, _ = images(name, seed)
    rows = np.random.default_rng(seed).choice(len(clean), 4000, replace=False)
    kinds, fraction = RECIPES[recipe]
    given, truth = Corruptor(kinds, fraction=fraction, random_state=100 + seed).corrupt(clean[rows])
    estimate = estimate_detection(detectors(), given, random_state=seed).set_index("method")
    true = compare_detectors(detectors=detectors(), data={name: (given, truth)}, seeds=(seed,)).set_index("method")
    # A detector that failed on either side has no figure to compare.
    both = pd.DataFrame({"estimated": estimate["estimated_auroc"], "measured": true["auroc"]}).dropna()
    estimated, measured = both["estimated"], both["measured"]
    return {
        "spearman": spearmanr(estimated, measured).statistic,
        "mean_error": float((estimated - measured).abs().mean()),
        "best_chosen_regret": float(measured.max() - measured[estimated.idxmax()]),
        "assumed_prevalence": float(estimate["assumed_prevalence"].iloc[0]),
        "true_prevalence": fraction,
        "failed": sorted(set(estimate.index) - set(both.index)),
        "estimated_auroc": estimated.to_dict(),
        "true_auroc": measured.to_dict(),
    }


def show(results):
    """One row a set and recipe; then all sets pooled."""
    if not results:
        print("no cells yet")
        return
    frame = pd.DataFrame([{"cell": name.rpartition("_seed")[0], **figures} for name, figures in results.items()])
    keys = ["spearman", "mean_error", "best_chosen_regret", "assumed_prevalence", "true_prevalence"]
    grouped = frame.groupby("cell", sort=False)
    table = grouped[keys].mean().round(3)
    table.insert(1, "lowest", grouped["spearman"].min().round(3))
    table.insert(0, "seeds", grouped.size())
    print(table.to_string())
    pairs = [
        (figures["estimated_auroc"][method], figures["true_auroc"][method])
        for figures in results.values()
        for method in figures["true_auroc"]
    ]
    estimated, measured = np.array(pairs).T
    print(
        f"\nall detectors and sets pooled: Spearman {spearmanr(estimated, measured).statistic:.3f} ({len(pairs)} pairs)"
    )


CELLS = {
    f"{name}_{recipe}_seed{seed}": (lambda name=name, recipe=recipe, seed=seed: cell(name, recipe, seed))
    for seed in range(3)
    for name in NAMES
    for recipe in RECIPES
}

if __name__ == "__main__":
    main("estimated_detection", CELLS, show, __doc__)
