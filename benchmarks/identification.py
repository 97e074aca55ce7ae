"""How well is it named what was done to an image? Twelve kinds, 20 % corrupted, no labels.

    python benchmarks/identification.py             runs the missing cells and prints the tables
    python benchmarks/identification.py --table     prints the tables of the cells that are there

Cells ``<set>_seed<k>`` name the twelve measured kinds on a reporting set; ``all22_<set>`` all kinds. ``seconds`` is the
wall time of fit and identify together, to be read with the processors idle otherwise.
"""

import time

import numpy as np
import pandas as pd
from cells import main, over_seeds
from reporting_sets import NAMES, corrupted, images
from sklearn.metrics import roc_auc_score

from toolkit.corruption import KINDS, MEASURED_KINDS
from toolkit.diagnostics import CorruptionIdentifier

FEW_SYMMETRIES = (2, 3, 4, 5, 7)  # digits whose upright is plain; 0, 1, 6, 8 and 9 are reported apart


def calibration_error(probability, right, n_bins=15):
    """Expected calibration error over equal bins of the probability (Guo et al., 2017)."""
    bins = np.clip((probability * n_bins).astype(int), 0, n_bins - 1)
    return sum(
        abs(probability[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)
    )


def circular_error(angle, truth):
    """Absolute difference of two angles in degrees, on the circle."""
    return np.abs((angle - truth + 180) % 360 - 180)


def plainly_changed(given, clean, *, levels=32, pixels=20):
    """Rows in which at least ``pixels`` pixels moved by more than ``levels`` grey levels: what an eye could notice.

    Half of the occluders have the background's colour and lie anywhere, so many hide next to nothing.
    """
    moved = np.abs(given.astype(np.int16) - clean) > levels
    return moved.reshape(len(moved), -1).sum(axis=1) >= pixels


def figures(found, truth, parameters, labels, scores, plain=None):
    """Figures of one identified set; ``plain`` says which corrupted rows plainly changed, to be reported apart."""
    kind = found["kind"].to_numpy(dtype=str)
    present = [name for name in ("clean", *KINDS) if (truth == name).any()]
    recall = {name: float((kind[truth == name] == name).mean()) for name in present}
    right = kind == truth
    rotated = truth == "rotate"
    error = circular_error(found["angle"].to_numpy()[rotated], parameters["angle"].to_numpy(dtype=float)[rotated])
    result = {
        "balanced_accuracy": float(np.mean(list(recall.values()))),
        "auroc": roc_auc_score(truth != "clean", 1 - found["clean_probability"]),
        "auroc_score": roc_auc_score(truth != "clean", -scores),
        "calibration_error": calibration_error(found["probability"].to_numpy(), right),
        "clean_flagged": 1 - recall["clean"],
        "clean_unknown": float((kind[truth == "clean"] == "unknown").mean()),
        "angle_error": float(error.mean()),
        "angle_error_median": float(np.median(error)),
        "recall": recall,
        "confused_with": {
            name: {str(k): int(v) for k, v in pd.Series(kind[(truth == name) & ~right]).value_counts().head(3).items()}
            for name in present
        },
    }
    if plain is not None:
        plain = plain | (truth == "clean")
        shown = {name: plain & (truth == name) for name in present}
        apart = {name: float((kind[rows] == name).mean()) for name, rows in shown.items() if rows.any()}
        result |= {"balanced_accuracy_plain": float(np.mean(list(apart.values()))), "recall_plain": apart}
        result["auroc_plain"] = roc_auc_score(truth[plain] != "clean", 1 - found["clean_probability"][plain])
        result["plain_share"] = {name: float(plain[truth == name].mean()) for name in present}
    if np.issubdtype(np.asarray(labels).dtype, np.number):
        upright = np.isin(np.asarray(labels)[rotated], FEW_SYMMETRIES)
        result |= {
            "angle_error_plain": float(error[upright].mean()),
            "angle_error_01689": float(error[~upright].mean()),
        }
    return result


def cell(name, seed, kinds):
    clean, labels = images(name, seed)
    given, truth, parameters = corrupted(clean, kinds or KINDS, 0.2, seed)
    start, cpu = time.perf_counter(), time.process_time()
    identifier = CorruptionIdentifier(kinds, random_state=seed).fit(given)
    fitted = time.perf_counter()
    found = identifier.identify(given)
    end, cpu_end = time.perf_counter(), time.process_time()
    return {
        "set": name,
        "seed": seed,
        "n_images": len(given),
        "fit_seconds": fitted - start,
        "seconds": end - start,
        "cpu_seconds": cpu_end - cpu,
        "prevalence": identifier.prevalence_,
        "prevalence_interval": identifier.prevalence_interval_,
        "temperature": identifier.temperature_,
        **figures(found, truth, parameters, labels, identifier.score_samples(given), plainly_changed(given, clean)),
    }


CELLS = {
    f"{name}_seed{seed}": lambda name=name, seed=seed: cell(name, seed, MEASURED_KINDS)
    for seed in range(3)
    for name in NAMES
}
CELLS |= {f"all22_{name}_seed0": lambda name=name: cell(name, 0, None) for name in ("mnist", "letters")}


def show(results):
    keys = [
        "balanced_accuracy",
        "balanced_accuracy_plain",
        "auroc",
        "auroc_plain",
        "auroc_score",
        "calibration_error",
        "clean_flagged",
        "clean_unknown",
    ]
    keys += ["prevalence", "angle_error", "angle_error_median", "angle_error_plain", "angle_error_01689", "seconds"]
    keys += ["cpu_seconds"]
    if not results:
        return
    print(over_seeds(results, keys).T.to_string())
    print("\nRecall by kind")
    print(pd.DataFrame({name: cell["recall"] for name, cell in results.items()}).round(3).to_string())
    print("\nRecall by kind, of rows that plainly changed")
    plain = {name: cell["recall_plain"] for name, cell in results.items() if "recall_plain" in cell}
    print(pd.DataFrame(plain).round(3).to_string())


if __name__ == "__main__":
    main("identification", CELLS, show, __doc__)
