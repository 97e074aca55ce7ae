"""Are corruptions found that were never planted? Whole groups of kinds are left out of what the identifier knows.

The kinds, sorted by name, make three groups by index modulo 3; one group is left out at a time, and only its kinds
corrupt the 10,000 images (20 %). Scores are compared with statistics + isolation forest and with detectors on raw
pixels. The networks begin from a prior that has never seen the group either (``glyph_prior.py``).

    python benchmarks/unplanted.py [--table]
"""

import time

import numpy as np
import pandas as pd
from cells import main
from glyph_prior import GROUPS, prior_without
from reporting_sets import corrupted, images
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.corruption import FAMILIES, KINDS
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier


def macro_auroc(truth, scores):
    """Mean over kinds of the AUROC of that kind against the clean; higher scores are more normal."""
    clean = truth == "clean"
    return {
        kind: roc_auc_score((truth == kind)[clean | (truth == kind)], -scores[clean | (truth == kind)])
        for kind in np.unique(truth[~clean])
    }


def baselines(given, seed):
    statistics = make_pipeline(
        CorruptionDiagnostics(), RobustScaler(), OutlierDetector("iforest", random_state=seed)
    ).fit(given)
    scores = {"statistics_iforest": statistics.score_samples(given)}
    rows = given.reshape(len(given), -1)
    for method in ("iforest", "lof", "knn", "pca"):
        scores[f"pixels_{method}"] = OutlierDetector(method, random_state=seed).fit(rows).score_samples(rows)
    return scores


def cell(name, group, seed):
    clean, _ = images(name, seed)
    given, truth, _ = corrupted(clean[:10_000], GROUPS[group], 0.2, seed)
    known = [kind for kind in KINDS if kind not in GROUPS[group]]
    start, cpu = time.perf_counter(), time.process_time()
    identifier = CorruptionIdentifier(known, init=prior_without(group), random_state=seed).fit(given)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    kind = identifier.identify(given)["kind"].to_numpy(dtype=str)
    by_kind = macro_auroc(truth, identifier.score_samples(given))
    probability = identifier.kind_probabilities(given)["clean"].to_numpy()
    neighbour = np.array([FAMILIES.get(a) == FAMILIES.get(b, "") for a, b in zip(kind, truth)])
    named = (truth != "clean") & ((kind == "unknown") | neighbour)
    result = {
        "set": name,
        "seed": seed,
        "left_out": GROUPS[group],
        "fit_seconds": seconds,
        "fit_cpu_seconds": cpu,
        "auroc": float(np.mean(list(by_kind.values()))),
        "auroc_by_kind": by_kind,
        "auroc_clean_probability": float(np.mean(list(macro_auroc(truth, probability).values()))),
        "unknown_or_neighbour": float(named.sum() / (truth != "clean").sum()),
        "clean_unknown": float((kind[truth == "clean"] == "unknown").mean()),
        "clean_flagged": float((kind[truth == "clean"] != "clean").mean()),
    }
    for method, scores in baselines(given, seed).items():
        result[method] = float(np.mean(list(macro_auroc(truth, scores).values())))
    return result


CELLS = {
    f"{name}_group{group}_seed{seed}": lambda name=name, group=group, seed=seed: cell(name, group, seed)
    for seed in range(3)
    for name in ("mnist", "letters")
    for group in range(3)
}


def show(results):
    if not results:
        return
    frame = pd.DataFrame(list(results.values())).drop(columns=["left_out", "auroc_by_kind", "versions"])
    print(frame.groupby("set", sort=False).mean().round(4).T.to_string())
    kinds = pd.DataFrame([{"set": cell["set"], **cell["auroc_by_kind"]} for cell in results.values()])
    print("\nAUROC by kind that was left out")
    print(kinds.groupby("set", sort=False).mean().round(3).T.sort_index().to_string())


if __name__ == "__main__":
    main("unplanted", CELLS, show, __doc__)
