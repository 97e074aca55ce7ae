"""Corruptions that the toolkit did not write: does the identifier know its own forward models, or corruption?

It learns from what it plants itself. Here the same twelve kinds are made by scikit-image and SciPy instead, with the
same ranges and otherwise as somebody else might do it: turns are bilinear, occluders black, white or grey, stripes one
pixel wide and white or black, half of the low contrasts about mid-grey, shifts cut off. 10,000 images, a fifth
corrupted, all 22 kinds known to the identifier. Beside it the same rows with the toolkit's own corruptions.

    python benchmarks/other_hands.py [--table]
"""

import numpy as np
import pandas as pd
from cells import main, over_seeds
from identification import figures
from reporting_sets import corrupted, images
from scipy import ndimage
from skimage import transform, util

from toolkit.corruption import MEASURED_KINDS
from toolkit.diagnostics import CorruptionIdentifier

N_IMAGES, FRACTION = 10_000, 0.2


def _occlude(image, generator):
    image, side = image.copy(), generator.integers(7, 12)
    top, left = generator.integers(3, 25 - side, 2)
    image[top : top + side, left : left + side] = generator.choice([0.0, 0.5, 1.0])
    return image


def _stripe(image, generator):
    image, period = image.copy(), generator.integers(3, 6)
    lines = image if generator.random() < 0.5 else image.T  # a view: rows or columns
    lines[generator.integers(period) :: period] = generator.choice([0.0, 1.0])
    return image


def _low_contrast(image, generator):
    factor, middle = generator.uniform(0.15, 0.45), generator.choice([0.0, 0.5])
    return (image - middle) * factor + middle


def _translate(image, generator):
    way, angle = generator.uniform(5, 7), generator.uniform(0, 2 * np.pi)
    return ndimage.shift(image, np.rint([way * np.sin(angle), way * np.cos(angle)]), order=0)


# Each takes an image in [0, 1] and a generator.
OTHERS = {
    "gaussian_noise": lambda x, g: util.random_noise(x, "gaussian", var=g.uniform(0.1, 0.35) ** 2, rng=g),
    "salt_and_pepper": lambda x, g: util.random_noise(x, "s&p", amount=g.uniform(0.05, 0.25), rng=g),
    "gaussian_blur": lambda x, g: ndimage.gaussian_filter(x, g.uniform(1.0, 2.2)),
    "rotate_180": lambda x, g: np.rot90(x, 2),
    "flip_horizontal": lambda x, g: np.fliplr(x),
    "flip_vertical": lambda x, g: np.flipud(x),
    "invert": lambda x, g: util.invert(x),
    "occlude": _occlude,
    "stripe": _stripe,
    "low_contrast": _low_contrast,
    "translate": _translate,
}


def by_other_hands(clean, seed):
    """Corrupted images, kinds, and the angles of what was rotated."""
    generator = np.random.default_rng(seed)
    stack, truth = clean.astype(float) / 255, np.full(len(clean), "clean", dtype="U20")
    angle = np.full(len(clean), np.nan)
    rows = generator.choice(len(clean), round(FRACTION * len(clean)), replace=False)
    for place, row in enumerate(rows):
        kind = truth[row] = MEASURED_KINDS[place % len(MEASURED_KINDS)]
        if kind == "rotate":
            angle[row] = generator.uniform(20, 80) * generator.choice([-1, 1])
            stack[row] = transform.rotate(stack[row], angle[row], order=1)  # counter-clockwise, as displayed
        else:
            stack[row] = OTHERS[kind](stack[row], generator)
    return np.rint(np.clip(stack, 0, 1) * 255).astype(np.uint8), truth, pd.DataFrame({"angle": angle})


def cell(name, whose, seed):
    clean, labels = images(name, seed)
    clean, labels = clean[:N_IMAGES], labels[:N_IMAGES]
    if whose == "others":
        given, truth, parameters = by_other_hands(clean, seed)
    else:
        given, truth, parameters = corrupted(clean, MEASURED_KINDS, FRACTION, seed)
    identifier = CorruptionIdentifier(random_state=seed).fit(given)
    found = figures(identifier.identify(given), truth, parameters, labels, identifier.score_samples(given))
    return {"set": name, "whose": whose, "seed": seed, **found}


CELLS = {
    f"{name}_{whose}_seed{seed}": lambda n=name, w=whose, s=seed: cell(n, w, s)
    for seed in range(3)
    for name in ("mnist", "letters")
    for whose in ("others", "own")
}


def show(results):
    if not results:
        return
    keys = ["balanced_accuracy", "auroc", "calibration_error", "clean_flagged", "angle_error", "angle_error_median"]
    print(over_seeds(results, keys).to_string())
    print("\nRecall by kind")
    print(pd.DataFrame({name: cell["recall"] for name, cell in results.items()}).round(3).to_string())


if __name__ == "__main__":
    main("other_hands", CELLS, show, __doc__)
