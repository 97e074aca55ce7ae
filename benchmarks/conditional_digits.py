"""Digits on demand: a conditional GAN on MNIST's training part, asked for a thousand of each digit.

- ``<generator>_<discriminator>_seed<k>`` trains one way of telling both networks the label: non-saturating loss, R1 at
  every second step, real images under wrong labels as further fakes, batch norm and averaged weights, 20,000 steps of
  64 on one thread. The bar is 15 minutes on two cores. With it come label-free figures of each digit's samples, and of
  as many real test images of it. ``unmatched_...`` goes without the wrong labels, ``relativistic_...`` also has
  relativistic pairs with R1 and R2.
- ``read_...`` reads its 10,000 digits with the reader of ``digit_reader.py``, which is for checking only (train it
  first). The bar: >= 99 % are the digit asked for, and >= 97 % of each class.
- ``way_...`` follows 100 ways from 3 to 7, ten images each. The bar: on >= 80 % of them, which must start as a 3 and
  end as a 7, the reader's belief in 7 never falls (by more than .02; also counted without any slack).

    python benchmarks/conditional_digits.py --only 'embedding_projection_seed0'
    python benchmarks/conditional_digits.py           # measure what is missing, then print the table
    python benchmarks/conditional_digits.py --table   # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402
from functools import cache, partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

TABLE = "conditional_digits"
MODELS = Path(__file__).parent.parent / "outputs" / TABLE
STEPS, PER_DIGIT, WAYS, WAY_STEPS, SLACK = 20_000, 1000, 100, 10, 0.02
RECIPE = {
    "preset": "plain",
    "objective": "nonsaturating",
    "gradient_penalty": "r1",
    "penalty_interval": 2,
    "mismatch_weight": 1.0,
    "generator_norm": "batch",
    "weight_averaging": 0.999,
    "latent_dim": 64,
    "generator_widths": (256, 512, 512),
    "discriminator_widths": (512, 256, 256),
    "learning_rate": 1e-3,
    "betas": (0.0, 0.99),
    "lr_schedule": "cosine",
    "precision": "bfloat16",
    "max_steps": STEPS,
    "snapshot_epochs": (),
}
VARIANTS = {
    "embedding_embedding": {},
    "embedding_projection": {"discriminator_conditioning": "projection"},
    "norms_embedding": {"generator_conditioning": "batch_norm"},
    "norms_projection": {"generator_conditioning": "batch_norm", "discriminator_conditioning": "projection"},
}
UNMATCHED = {"discriminator_conditioning": "projection", "mismatch_weight": 0.0}
TRIED = {
    "unmatched": UNMATCHED,
    "relativistic": UNMATCHED | {"objective": "relativistic", "gradient_penalty": "r1r2", "penalty_interval": 1},
}
SEEDS = (0, 1)
ASKED = np.repeat(np.arange(10), PER_DIGIT)


@cache
def digits(part):
    from toolkit.datasets import fetch_mnist

    return fetch_mnist(subset=part)


def measure(name, seed):
    """One cell: train, draw, and look without labels; the model and its samples are kept for the reader."""
    import toolkit
    from toolkit._core.files import atomic_path
    from toolkit.generators import ConditionalGAN

    parameters = RECIPE | (VARIANTS | TRIED)[name]
    train = digits("train")
    start, cpu = time.perf_counter(), time.process_time()
    gan = ConditionalGAN(**parameters, random_state=seed).fit(train.images, train.labels)
    spent = {"fit_seconds": time.perf_counter() - start, "fit_cpu_seconds": time.process_time() - cpu}
    toolkit.save(gan, MODELS / f"{name}_seed{seed}")
    samples = gan.sample(y=ASKED, random_state=1)
    with atomic_path(MODELS / f"{name}_seed{seed}.npz") as temporary:
        np.savez_compressed(temporary, images=samples, labels=ASKED)
    classes = [per_class(digit, samples[digit == ASKED]) for digit in range(10)]
    return {"seed": seed, "parameters": parameters, **spent, "classes": classes}


def per_class(digit, samples):
    """Divergence and coverage of the samples of a digit, and of as many real test images of it."""
    train, test = digits("train"), digits("test")
    coverage, real = _class_coverage(digit), test.images[test.labels == digit]
    n = min(len(samples), len(real))
    rows = train.images[train.labels == digit]
    found = {"digit": digit, "n_train": len(rows), "n_compared": n}
    for who, images in (("samples", samples[:n]), ("real", real[:n])):
        record = coverage.evaluate(images)
        found |= {f"{who}_js": record.js, f"{who}_coverage": record.coverage, f"{who}_precision": record.precision}
    return found


@cache
def _class_coverage(digit):
    from toolkit.coverage import ModeCoverage

    train = digits("train")
    return ModeCoverage(random_state=0).fit(train.images[train.labels == digit])


def beliefs(images):
    """What the reader believes of each image: (n, 10)."""
    import torch
    from digit_reader import load_reader

    network = load_reader()
    with torch.inference_mode():
        parts = [
            network(torch.from_numpy(images[first : first + 1000].astype(np.float32) / 255)).softmax(1).numpy()
            for first in range(0, len(images), 1000)
        ]
    return np.concatenate(parts)


def read(name):
    """Shares of digits read as the one asked for."""
    with np.load(MODELS / f"{name}.npz") as archive:
        right = beliefs(archive["images"]).argmax(axis=1) == archive["labels"]
    by_class = right.reshape(10, PER_DIGIT).mean(axis=1)
    return {"right": float(right.mean()), "right_by_digit": by_class.round(4).tolist(), "worst": float(by_class.min())}


def follow(name):
    """Ways from 3 to 7 whose belief in 7 never falls: with the latent held still, and with one that moves."""
    import toolkit

    gan = toolkit.load(MODELS / name)
    found = {}
    for kind in ("still", "moving"):
        ends = [None] * WAYS if kind == "still" else range(1000, 1000 + WAYS)
        ways = [gan.interpolate(3, 7, WAY_STEPS, start=start, end=end) for start, end in zip(range(WAYS), ends)]
        believed = beliefs(np.concatenate(ways)).reshape(WAYS, WAY_STEPS, 10)
        whole = (believed[:, 0, 3] > 0.5) & (believed[:, -1, 7] > 0.5)
        least = np.diff(believed[..., 7], axis=1).min(axis=1)
        found |= {
            f"{kind}_monotone": float((whole & (least >= -SLACK)).mean()),
            f"{kind}_monotone_strictly": float((whole & (least >= 0)).mean()),
            f"{kind}_from_3_to_7": float(whole.mean()),
        }
    return found


RUNS = [(name, seed) for name in VARIANTS for seed in SEEDS] + [(name, 0) for name in TRIED]
CELLS = (
    {f"{name}_seed{seed}": partial(measure, name, seed) for name, seed in RUNS}
    | {f"read_{name}_seed{seed}": partial(read, f"{name}_seed{seed}") for name, seed in RUNS}
    | {f"way_{name}_seed{seed}": partial(follow, f"{name}_seed{seed}") for name, seed in RUNS}
)


def show(results):
    """Print both tables."""
    rows, classes = [], []
    for name, seed in RUNS:
        key = f"{name}_seed{seed}"
        found = {**results.get(key, {}), **results.get(f"read_{key}", {}), **results.get(f"way_{key}", {})}
        if found:
            columns = ("right", "worst", "still_monotone", "still_monotone_strictly", "moving_monotone")
            rows.append(
                {"conditioning": name, "seed": seed}
                | {column: found.get(column) for column in columns}
                | {"fit_minutes": found.get("fit_seconds", np.nan) / 60}
            )
            right = found.get("right_by_digit", [None] * 10)
            classes += [
                {"conditioning": name, **entry, "right": right[entry["digit"]]} for entry in found.get("classes", [])
            ]
    if not rows:
        print("nothing measured yet")
        return
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    if classes:
        print("\nEach digit, mean over seeds; real: test images of it, in the same number")
        frame = pd.DataFrame(classes).groupby(["conditioning", "digit"]).mean(numeric_only=True)
        print(frame.round(3).to_string())
    print("\nbar: right >= .99, worst digit >= .97, monotone >= .80, 15 minutes on two cores")


if __name__ == "__main__":
    cells.main(TABLE, CELLS, show, __doc__)
