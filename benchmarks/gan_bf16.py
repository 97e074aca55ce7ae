"""Does a GAN trained in bfloat16 cover the data as well as one trained in float32?

The fully connected GAN 64-256-512-512-784 / 784-512-256-256-1 with all that cures collapse ("together" of
`toolkit.studies.collapse_recipe("mitigation")`) on MNIST's training part, 1,500 steps of 64, five seeds in each
precision, one thread. Coverage is fitted on 20,000 images of the training part and asked about 10,000 samples. The bar:
no difference of the Jensen-Shannon divergence or of coverage at p < .05, or the default stays float32. Both tests are
printed, for neither says everything with five seeds: ranks (Mann-Whitney) and means (Welch). A processor that has no
bfloat16 of its own measures float32 only.

    python benchmarks/gan_bf16.py           # measure what is missing, then print the table
    python benchmarks/gan_bf16.py --table   # print only
"""

import os
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

from functools import cache, partial  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402

STEPS, N_SAMPLES, N_SEEDS = 1_500, 10_000, 5
FIGURES = ("js", "coverage", "recall", "precision", "frechet")
TESTED = ("js", "coverage")


@cache
def world():
    """Training images, and coverage fitted on 20,000 of them."""
    from toolkit.coverage import ModeCoverage
    from toolkit.datasets import fetch_mnist

    images = fetch_mnist(subset="train").images
    rows = np.sort(np.random.default_rng(0).choice(len(images), 20_000, replace=False))
    return images, ModeCoverage(random_state=0).fit(images[rows])


def measure(precision, seed):
    """One cell: train, draw, and ask what was covered."""
    from toolkit.generators import GAN
    from toolkit.studies import collapse_recipe

    images, coverage = world()
    cure = collapse_recipe("mitigation", steps=STEPS)["together"] | {"precision": precision}
    start = time.process_time()
    gan = GAN(**cure, max_steps=STEPS, snapshot_epochs=(), random_state=seed).fit(images)
    seconds = time.process_time() - start
    record = coverage.evaluate(gan.sample(N_SAMPLES, random_state=1))
    return {
        "precision_of_training": precision,
        "seed": seed,
        "fit_cpu_seconds": seconds,
        **{name: getattr(record, name) for name in FIGURES},
    }


def build_cells():
    """Seed by seed, so that a run that is cut short holds as many of each."""
    from toolkit.nn import has_native_bfloat16

    precisions = ("float32", "bfloat16") if has_native_bfloat16() else ("float32",)
    return {f"{name}_seed{seed}": partial(measure, name, seed) for seed in range(N_SEEDS) for name in precisions}


def show(results):
    """Means over seeds, and whether the two differ."""
    from scipy.stats import mannwhitneyu, ttest_ind

    if not results:
        print("nothing measured yet")
        return
    print(cells.over_seeds(results, [*FIGURES, "fit_cpu_seconds"]))
    found = {
        figure: [
            [cell[figure] for name, cell in results.items() if name.startswith(precision)]
            for precision in ("float32", "bfloat16")
        ]
        for figure in TESTED
    }
    for figure, (single, half) in found.items():
        if min(len(single), len(half)) > 1:
            ranks, means = mannwhitneyu(single, half).pvalue, ttest_ind(single, half, equal_var=False).pvalue
            print(
                f"{figure}, {len(single)} against {len(half)} seeds: Mann-Whitney p = {ranks:.3f}, "
                f"Welch p = {means:.3f} (bar: no difference at .05)"
            )


if __name__ == "__main__":
    cells.main("gan_bf16", build_cells(), show, __doc__.splitlines()[0])
