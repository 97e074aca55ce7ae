"""Eight seeds of a fully connected GAN trained as one network against eight trainings in a row, and what they learn.

The pair of ``GAN()`` (and, smaller, one of 128 and 64 units) on digits of MNIST's training part, or on the embedded
digits where that is not at hand, batches of 64. ``speed``: CPU seconds of both ways, in turns in the same process on
one thread; on a GPU, where there is one, wall seconds of 32 seeds. ``agreement``: five metrics of samples of either
way over eight seeds, each compared by Welch's t test and by the two-sample test of Kolmogorov and Smirnov: with five
metrics and two tests, a p-value below .005 would say that the two ways learn something else (Bonferroni).

    python benchmarks/batched_seeds.py           # measure what is missing, then print the table
    python benchmarks/batched_seeds.py --table   # print only
"""

import os
import statistics
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402

SEEDS, REPEATS, STEPS, ROWS = 8, 3, 60, 5_000
SMALL = {"generator_widths": (128, 128), "discriminator_widths": (128, 64), "latent_dim": 32}
METRICS = ("js", "precision", "recall", "density", "coverage")


def images(n=ROWS):
    from toolkit.datasets import fetch_mnist, load_digits
    from toolkit.exceptions import DownloadError

    try:
        return fetch_mnist(subset="train").images[:n]
    except DownloadError:
        return load_digits().images[:n]


def _fit(parameters, stack, seeds, *, batched, device="cpu", steps=STEPS):
    from toolkit.generators import GAN

    gan = GAN(max_steps=steps, snapshot_epochs=(), device=device, **parameters)
    return gan.fit_many(stack, seeds=range(seeds), n_jobs=1, batched=batched)


def speed(parameters):
    """CPU seconds of eight seeds, both ways in turns; medians."""
    stack = images()
    _fit(parameters, stack, 2, batched=True, steps=5)  # imports, and threads that are set up once
    seconds = {False: [], True: []}
    for _ in range(REPEATS):
        for batched in (False, True):
            start = time.process_time()
            _fit(parameters, stack, SEEDS, batched=batched)
            seconds[batched].append(time.process_time() - start)
    alone, together = statistics.median(seconds[False]), statistics.median(seconds[True])
    return {"seeds": SEEDS, "steps": STEPS, "alone_cpu": alone, "together_cpu": together, "ratio": alone / together}


def speed_gpu(parameters, seeds=32, steps=300):
    """Wall seconds on a GPU; nothing where there is none."""
    import torch

    if not torch.cuda.is_available():
        return {"skipped": "no GPU"}
    stack = images()
    _fit(parameters, stack, 2, batched=True, device="cuda", steps=5)
    seconds = {}
    for batched in (False, True):
        start = time.perf_counter()
        _fit(parameters, stack, seeds, batched=batched, device="cuda", steps=steps)
        torch.cuda.synchronize()
        seconds[batched] = time.perf_counter() - start
    return {
        "device": torch.cuda.get_device_name(),
        "seeds": seeds,
        "steps": steps,
        "alone_wall": seconds[False],
        "together_wall": seconds[True],
        "ratio": seconds[False] / seconds[True],
    }


def agreement(parameters, steps=400, n_samples=1000):
    """Five metrics over eight seeds, and whether the two ways differ."""
    from scipy.stats import ks_2samp, ttest_ind

    from toolkit.coverage import ModeCoverage

    stack = images(2000)
    judge = ModeCoverage(n_bins=50, n_draws=50, n_splits=4, random_state=0).fit(stack)
    values = {}
    for batched in (False, True):
        # Other seeds on either side: the same ones start alike, and would agree too well for a test of two samples.
        from toolkit.generators import GAN

        seeds = range(SEEDS) if batched else range(100, 100 + SEEDS)
        fits = GAN(max_steps=steps, snapshot_epochs=(), **parameters).fit_many(
            stack, seeds=seeds, n_jobs=1, batched=batched
        )
        records = [judge.evaluate(gan.sample(n_samples, random_state=1)) for gan in fits["estimator"]]
        values[batched] = {name: [float(getattr(record, name)) for record in records] for name in METRICS}
    found = {}
    for name in METRICS:
        alone, together = values[False][name], values[True][name]
        found[name] = {
            "alone": statistics.mean(alone),
            "together": statistics.mean(together),
            "welch_p": float(ttest_ind(alone, together, equal_var=False).pvalue),
            "ks_p": float(ks_2samp(alone, together).pvalue),
        }
    return {"steps": steps, "seeds": SEEDS, "metrics": found}


def show(results):
    for name, found in results.items():
        if "ratio" in found:
            print(f"{name}: {found['seeds']} seeds as one are {found['ratio']:.2f} x as fast as in a row")
        elif "metrics" in found:
            for metric, row in found["metrics"].items():
                print(
                    f"{name} {metric}: {row['alone']:.3f} alone, {row['together']:.3f} together, "
                    f"Welch p = {row['welch_p']:.2f}, KS p = {row['ks_p']:.2f}"
                )


if __name__ == "__main__":
    cells.main(
        "batched_seeds",
        {
            "speed_small": lambda: speed(SMALL),
            "speed_default": lambda: speed({}),
            "agreement": lambda: agreement(SMALL),
            "speed_gpu_small": lambda: speed_gpu(SMALL),
            "speed_gpu_default": lambda: speed_gpu({}),
        },
        show,
        __doc__,
    )
