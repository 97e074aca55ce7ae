"""How many images are corrupted? The estimate against the truth, on sets with nothing to find and with much.

    python benchmarks/prevalence.py [--table]

10,000 images of MNIST rows 30,000 to 49,999 and of glyph letters; all 22 kinds are known to the identifier, the twelve
measured ones are there.
"""

import numpy as np
import pandas as pd
from cells import main
from reporting_sets import corrupted, images

from toolkit.corruption import MEASURED_KINDS
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer


def cell(name, fraction, seed):
    clean, _ = images(name, seed)
    given, truth, _ = corrupted(clean[:10_000], MEASURED_KINDS, fraction, seed)
    identifier = CorruptionIdentifier(random_state=seed).fit(given)
    found = identifier.identify(given)
    kind = found["kind"].to_numpy(dtype=str)
    result = {
        "set": name,
        "seed": seed,
        "true": fraction,
        "estimated": identifier.prevalence_,
        "interval": identifier.prevalence_interval_,
        "error": abs(identifier.prevalence_ - fraction),
        "clean_flagged": float((kind[truth == "clean"] != "clean").mean()),
    }
    if fraction == 0:
        repaired, _ = ImageRestorer(identifier, random_state=seed).fit(given).restore(given, findings=found)
        result["images_changed"] = float((repaired != given).any(axis=(1, 2)).mean())
    return result


CELLS = {
    f"{name}_{round(100 * fraction):02d}_seed{seed}": lambda n=name, f=fraction, s=seed: cell(n, f, s)
    for seed in range(3)
    for name in ("mnist", "letters")
    for fraction in (0.0, 0.05, 0.2, 0.4)
}


def show(results):
    if not results:
        return
    frame = pd.DataFrame(list(results.values()))
    columns = [c for c in ("estimated", "error", "clean_flagged", "images_changed") if c in frame]
    print(frame.groupby(["set", "true"])[columns].agg(["mean", "max"]).round(4).to_string())
    print("largest error:", np.round(frame["error"].max(), 4))


if __name__ == "__main__":
    main("prevalence", CELLS, show, __doc__)
