"""What does repairing bring? Corrupted sets of which the clean copy is known, repaired without it.

    python benchmarks/digit_reader.py       once, before: trains the reader that checks the digits
    python benchmarks/repair.py             runs the missing cells and prints the tables
    python benchmarks/repair.py --table     prints the tables of the cells that are there

Cells ``<set>_seed<k>``: the twelve measured kinds, 20 % corrupted; ``clean_<set>_seed<k>``: nothing is corrupted;
``tuning_mnist_seed<k>`` and ``clean_tuning_seed<k>``: MNIST train rows 0 to 19,999, on which choices were made. PSNR is
capped at 60 dB, and rows that were left alone count with a gain of 0. The single scikit-image methods are given the
kind of each row and their best parameters, chosen on the very rows that they are judged on; the restorer is given
neither.
"""

import time
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main, over_seeds
from digit_reader import WEIGHTS, read_digits
from reporting_sets import NAMES, corrupted, images

from toolkit.corruption import MEASURED_KINDS
from toolkit.datasets import fetch_mnist
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer, psnr, restore_images, ssim

BARRED = ("gaussian_noise", "salt_and_pepper", "low_contrast", "invert", "rotate")
SCIKIT_IMAGE = {
    "tv": [{"weight": weight} for weight in (0.1, 0.15, 0.2, 0.3, 0.4, 0.6)],
    "nl_means": [{"h": h, "patch_size": size} for h in (0.1, 0.2, 0.3, 0.45) for size in (3, 5)],
    "wavelet": [{"sigma": sigma} for sigma in (None, 0.1, 0.2, 0.3)],
    "median": [{"size": 3}, {"size": 5}],
    "wiener": [{"sigma": sigma, "balance": balance} for sigma in (0.5, 1.0) for balance in (0.1, 1.0, 10.0)],
}
N_JUDGED = 300  # rows that the image-by-image methods are judged on
FEW_SYMMETRIES = (2, 3, 4, 5, 7)


def best_single_method(given, clean):
    """Median gain on noisy rows of each scikit-image method at its best parameters."""
    given, clean = given[:N_JUDGED], clean[:N_JUDGED]
    before = psnr(given, clean)
    return {
        method: max(float(np.median(psnr(restore_images(given, method, **p), clean) - before)) for p in grid)
        for method, grid in SCIKIT_IMAGE.items()
    }


def load_set(name, seed):
    if name == "tuning":
        data = fetch_mnist("train").subset(np.arange(20_000))
        return data.images, data.labels
    return images(name, seed)


def cell(name, seed):
    clean, labels = load_set(name, seed)
    given, truth, parameters = corrupted(clean, MEASURED_KINDS, 0.2, seed)
    start = time.perf_counter()
    identifier = CorruptionIdentifier(random_state=seed).fit(given)
    findings = identifier.identify(given)
    identified = time.perf_counter()
    restorer = ImageRestorer(identifier, random_state=seed).fit(given)
    fitted = time.perf_counter()
    repaired, repairs = restorer.restore(given, findings=findings)
    end = time.perf_counter()
    bad = truth != "clean"
    gain, gain_ssim = np.zeros(len(given)), np.zeros(len(given))
    touched = repairs["repaired"].to_numpy()
    # Rows that were left alone keep a gain of exactly 0.
    gain[touched] = psnr(repaired[touched], clean[touched]) - psnr(given[touched], clean[touched])
    gain_ssim[touched] = ssim(repaired[touched], clean[touched]) - ssim(given[touched], clean[touched])
    noisy = truth == "gaussian_noise"
    single = best_single_method(given[noisy], clean[noisy])
    by_kind = {
        kind: {
            "repaired": float(touched[truth == kind].mean()),
            "gain": float(np.median(gain[truth == kind])),
            "gain_mean": float(gain[truth == kind].mean()),
            "ssim_gain": float(np.median(gain_ssim[truth == kind])),
            "worsened": float((gain[truth == kind] < -0.1).mean()),
            "outcomes": repairs["outcome"][truth == kind].value_counts().to_dict(),
            "restorers": repairs["restorer"][(truth == kind) & touched].value_counts().to_dict(),
        }
        for kind in MEASURED_KINDS
    }
    turned = truth == "rotate"
    found_turned = turned & (repairs["kind"] == "rotate").to_numpy()
    error = np.abs((repairs["angle"] - parameters["angle"].astype(float) + 180) % 360 - 180).to_numpy()
    result = {
        "set": name,
        "seed": seed,
        "n_images": len(given),
        "repaired": float(touched[bad].mean()),
        "clean_changed": float(touched[~bad].mean()),
        "angle_error_of_repairs": float(error[found_turned].mean()),
        "gaussian_noise_gain": by_kind["gaussian_noise"]["gain"],
        "best_single": max(single, key=single.get),
        "best_single_gain": max(single.values()),
        "single_gains": single,
        "kinds": by_kind,
        "ranking": restorer.ranking_.round(3).to_dict("records"),
        "limits": restorer.limits_,
        "identify_seconds": identified - start,
        "fit_seconds": fitted - identified,
        "restore_seconds": end - fitted,
    }
    return result | (reading(clean, given, repaired, labels, truth) if name in ("mnist", "emnist", "tuning") else {})


def reading(clean, given, repaired, labels, truth):
    """What a digit reader makes of the corrupted rows before and after, and of their clean copies."""
    if not Path(WEIGHTS).exists():
        return {}
    bad = truth != "clean"
    answers = {
        name: read_digits(stack) == labels.astype(int)
        for name, stack in (("clean", clean), ("given", given), ("repaired", repaired))
    }
    on_bad = {name: float(right[bad].mean()) for name, right in answers.items()}
    per_kind = {
        kind: {name: float(right[truth == kind].mean()) for name, right in answers.items()} for kind in MEASURED_KINDS
    }
    regained = (on_bad["repaired"] - on_bad["given"]) / (on_bad["clean"] - on_bad["given"])
    return {"accuracy": on_bad, "accuracy_by_kind": per_kind, "regained": regained}


def clean_cell(name, seed):
    """Nothing is corrupted: how many images change?"""
    clean, _ = load_set(name, seed)
    identifier = CorruptionIdentifier(random_state=seed).fit(clean)
    findings = identifier.identify(clean)
    restorer = ImageRestorer(identifier, random_state=seed).fit(clean)
    repaired, repairs = restorer.restore(clean, findings=findings)
    changed = (repaired != clean).reshape(len(clean), -1).any(axis=1)
    return {
        "set": name,
        "seed": seed,
        "flagged": float((findings["kind"] != "clean").mean()),
        "changed": float(changed.mean()),
        "changed_by": repairs["restorer"][changed].value_counts().to_dict(),
        "limits": restorer.limits_,
        "prevalence": identifier.prevalence_,
    }


CELLS = {f"{name}_seed{seed}": lambda n=name, s=seed: cell(n, s) for seed in range(3) for name in NAMES}
CELLS |= {f"clean_{name}_seed{seed}": lambda n=name, s=seed: clean_cell(n, s) for seed in range(3) for name in NAMES}
CELLS |= {"tuning_seed0": lambda: cell("tuning", 0), "clean_tuning_seed0": lambda: clean_cell("tuning", 0)}


def show(results):
    untouched = {name: result for name, result in results.items() if name.startswith("clean_")}
    repairs = {name: result for name, result in results.items() if name not in untouched}
    if repairs:
        keys = ["repaired", "clean_changed", "gaussian_noise_gain", "best_single_gain", "regained"]
        keys += ["angle_error_of_repairs", "fit_seconds", "restore_seconds"]
        print(over_seeds(repairs, keys).T.to_string())
        for figure in ("gain", "repaired", "worsened"):
            print(f"\n{figure} by kind" + (" (median, dB)" if figure == "gain" else ""))
            columns = {name: {k: v[figure] for k, v in r["kinds"].items()} for name, r in repairs.items()}
            print(pd.DataFrame(columns).round(3).to_string())
    if untouched:
        print("\nNothing corrupted")
        print(over_seeds(untouched, ["flagged", "changed", "prevalence"]).to_string())


if __name__ == "__main__":
    main("repair", CELLS, show, __doc__)
