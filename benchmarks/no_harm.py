"""First, do no harm: what an audit does to images that were sound, and whether it knows when it does not know.

Real sets, none of their images damaged, or a part of them, by other hands (``harm_sets.py``: Pillow, NumPy and SciPy,
with kinds that the toolkit does not name). In the folds of a set every image is damaged once and sound otherwise.

    TOOLKIT_DATA=folder python benchmarks/no_harm.py            # runs the missing cells and prints the tables
    python benchmarks/no_harm.py --table                        # prints the tables of the cells that are there

Cells ``<set>_none`` (nothing damaged), ``<set>_tenth_fold<k>`` or ``<set>_fifth_fold<k>``, ``<set>_all`` (every image
damaged, by all kinds). ``before_<set>_<part>`` are the same by the version before, commit cc9b231: run with that
version's package in ``PYTHONPATH`` and ``--version before``. Sets named ``tuning_...`` are those on which choices were
made.
"""

import os
import sys
import time

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from cells import main  # noqa: E402
from harm_sets import damaged_set, load  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from toolkit.diagnostics import CorruptionIdentifier  # noqa: E402
from toolkit.restoration import ImageRestorer, psnr  # noqa: E402

# Small sets: a tenth damaged, ten folds. Larger ones: a fifth, five folds.
SMALL = ("cats", "photos", "scans", "microscopy", "few_digits", "few_letters")
LARGE = ("letters", "emnist", "mnist", "fashion", "glyphs", "arabic")
UNJUDGEABLE = ("two_sorts", "two_sorts_cats", "random_noise")
TUNING = ("tuning_letters", "tuning_mnist", "tuning_fashion", "tuning_glyphs", "tuning_cats", "tuning_few_digits")
FRACTIONS = {"none": 0.0, "tenth": 0.1, "fifth": 0.2, "all": 1.0}
WORSE = 1.0  # decibels further from the original than it came


def cell(name, part, fold, seed=0):
    clean = load(name)
    given, kinds = damaged_set(clean, FRACTIONS[part], fold)
    start = time.process_time()
    identifier = CorruptionIdentifier(random_state=seed, n_jobs=1).fit(given)
    findings = identifier.identify(given)
    identified = time.process_time()
    restorer = ImageRestorer(identifier, random_state=seed).fit(given)
    repaired, repairs = restorer.restore(given, findings=findings)
    end = time.process_time()
    sound = kinds == "clean"
    changed = (repaired != given).reshape(len(given), -1).any(axis=1)
    gain = np.zeros(len(given))
    if changed.any():
        gain[changed] = psnr(repaired[changed], clean[changed]) - psnr(given[changed], clean[changed])
    judgeable = getattr(identifier, "judgeable_", True)
    flagged = (findings["kind"] != "clean").to_numpy() & judgeable
    score = -identifier.score_samples(given)
    right = {kind: float((findings["kind"] == kind)[kinds == kind].mean()) for kind in np.unique(kinds)}
    named = [value for kind, value in right.items() if kind in set(identifier.kinds_)]
    return {
        "set": name,
        "part": part,
        "fold": fold,
        "seed": seed,
        "n_images": len(given),
        "n_sound": int(sound.sum()),
        "sound_changed": int(changed[sound].sum()),
        "sound_changed_rows": np.flatnonzero(changed & sound).tolist(),
        "sound_flagged": float(flagged[sound].mean()) if sound.any() else None,
        "damaged_flagged": float(flagged[~sound].mean()) if not sound.all() else None,
        "repaired": int(changed.sum()),
        "worse": int((gain < -WORSE).sum()),
        "true_repairs": int((changed & ~sound & (gain > WORSE)).sum()),
        "true_repaired_rows": np.flatnonzero(changed & ~sound & (gain > WORSE)).tolist(),
        "gains": {
            kind: float(np.median(gain[changed & (kinds == kind)]))
            for kind in right
            if kind != "clean" and (changed & (kinds == kind)).any()
        },
        "balanced_accuracy": float(np.mean(named)),
        "auroc": float(roc_auc_score(~sound, score)) if 0 < sound.sum() < len(sound) else None,
        "prevalence": identifier.prevalence_,
        "prevalence_interval": identifier.prevalence_interval_,
        "judgeable": judgeable,
        "reasons": list(getattr(identifier, "reasons_", ())),
        "held_out_auroc": getattr(identifier, "auroc_", None),
        "undoable": list(restorer.undoable_),
        "repairs_of_sound": repairs.loc[changed & sound, ["kind", "restorer"]].to_dict("records"),
        "identify_cpu_seconds": identified - start,
        "restore_cpu_seconds": end - identified,
    }


def _parts(name):
    """Parts of a set, and their folds."""
    if name.endswith(UNJUDGEABLE):
        return [("none", 0)]
    fraction, folds = ("tenth", 10) if name in SMALL or name in ("tuning_cats", "tuning_few_digits") else ("fifth", 5)
    return [("none", 0), *((fraction, fold) for fold in range(folds)), ("all", 0)]


def _label(part, fold):
    return f"{part}_fold{fold}" if part in ("tenth", "fifth") else part


CELLS = {
    f"{name}_{_label(part, fold)}": lambda n=name, p=part, f=fold: cell(n, p, f)
    for name in (*SMALL, *LARGE, *UNJUDGEABLE, *TUNING)
    for part, fold in _parts(name)
}
if "--version" in sys.argv:
    place = sys.argv.index("--version")
    CELLS = {f"{sys.argv[place + 1]}_{name}": function for name, function in CELLS.items()}
    del sys.argv[place : place + 2]


def _interval(count, n, seed=0):
    """95 % interval of a share, by drawing the images again."""
    if not n:
        return ""
    draws = np.random.default_rng(seed).binomial(n, count / n, 4000) / n
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{low:.2%} to {high:.2%}"


def show(results):
    own = {name: cell for name, cell in results.items() if not name.startswith("before_")}
    if not own:
        return
    rows = []
    for (name, part), group in pd.DataFrame(list(own.values())).groupby(["set", "part"], sort=False):
        changed, sound, repaired = (int(group[key].sum()) for key in ("sound_changed", "n_sound", "repaired"))
        kept = made = 0
        for fold in group["fold"]:
            before = results.get(f"before_{name}_{_label(part, fold)}")
            if before:
                now = results[f"{name}_{_label(part, fold)}"]
                made += before["true_repairs"]
                kept += len(set(before["true_repaired_rows"]) & set(now["true_repaired_rows"]))
        rows.append(
            {
                "set": name,
                "damaged": part,
                "audits": len(group),
                "images": int(group["n_images"].iloc[0]),
                "judged": f"{int(group['judgeable'].sum())}/{len(group)}",
                "sound changed": f"{changed} of {sound:,}",
                "interval": _interval(changed, sound),
                "repaired": repaired,
                "worse": int(group["worse"].sum()),
                "true": int(group["true_repairs"].sum()),
                "kept of before": f"{kept / made:.1%}" if made else "",
                "sound flagged": f"{group['sound_flagged'].mean():.1%}" if part != "all" else "",
                "balanced acc.": "" if part in ("none", "all") else round(float(group["balanced_accuracy"].mean()), 3),
                "AUROC": "" if part in ("none", "all") else round(float(group["auroc"].mean()), 4),
                "held-out AUROC": round(float(group["held_out_auroc"].astype(float).mean()), 3),
            }
        )
    with pd.option_context("display.width", 250):
        print(pd.DataFrame(rows).to_string(index=False))
    print("\nThe version before (cc9b231)")
    before = pd.DataFrame([cell for name, cell in results.items() if name.startswith("before_")])
    if len(before):
        columns = ["set", "part", "fold", "sound_changed", "n_sound", "repaired", "worse", "true_repairs"]
        print(before[[*columns, "balanced_accuracy", "auroc", "sound_flagged"]].round(4).to_string(index=False))
    print("\nWhy a set was not judged")
    for name, cell in own.items():
        if cell["reasons"]:
            print(f"{name}: {'; '.join(cell['reasons'])}")


if __name__ == "__main__":
    main("no_harm", CELLS, show, __doc__)
