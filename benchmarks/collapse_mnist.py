"""Mode collapse on MNIST, caused and cured: the same two networks, trained for the same number of steps.

Protocol: principal components and 100 bins fitted on 20,000 images of the training part, 10,000 samples, precision,
recall, density and coverage with k = 5 on 5,000 of each. A digit counts when at least 1 % of the samples are read as
it, by the reader of ``digit_reader.py``, which is for checking only.

- ``collapse`` and ``cure``, five seeds each: generator 64-256-512-512-784, discriminator 784-512-256-256-1, 3,000 steps
  of 64. What collapses has the momentum that Adam comes with, .9, and nothing against it. The bar: at most 4 digits and
  JS >= .4 against 10 digits and JS <= .012, on the right side with every seed.
- ``mitigation`` (each by itself) and ``ablation`` (the cure without each part), three seeds: which part does the work?
  The former were trained on an accelerator, in bfloat16 (``device`` in a cell), so their seconds are no processor's.
- ``best``, five seeds: the longest cure, five minutes on one core. The bar: JS <= .005, coverage >= .87, no copies.
- ``read_...`` reads the digits of a cell's samples (kept in ``outputs/collapse_mnist``); train the reader first.

    python benchmarks/collapse_mnist.py --only 'c*_seed[01]'   # the first two seeds of collapse and cure
    python benchmarks/collapse_mnist.py                        # measure what is missing, then print the table
    python benchmarks/collapse_mnist.py --table                # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

from functools import cache, partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402

TABLE = "collapse_mnist"
SAMPLES = Path(__file__).parent.parent / "outputs" / TABLE
STEPS, BEST_STEPS, N_SAMPLES = 3_000, 20_000, 10_000
RATIO = 0.01  # of the samples, from which on a digit counts as drawn


@cache
def training_part():
    from toolkit.datasets import fetch_mnist

    return fetch_mnist(subset="train")


@cache
def world():
    """Training images, and coverage fitted on 20,000 of them."""
    from toolkit.coverage import ModeCoverage

    train = training_part()
    rows = np.sort(np.random.default_rng(0).choice(len(train), 20_000, replace=False))
    return train, ModeCoverage(random_state=0).fit(train.images[rows])


def figures(samples, *, copies=False):
    """What the label-free instruments say of samples."""
    from toolkit.coverage import memorisation
    from toolkit.datasets import fetch_mnist

    train, coverage = world()
    record = coverage.evaluate(samples)
    missing = record.bins["status"] == "missing"
    found = {
        name: getattr(record, name)
        for name in (
            "js",
            "ndb",
            "n_different",
            "precision",
            "recall",
            "density",
            "coverage",
            "frechet",
            "copied_share",
            "resembling",
            "support",
            "outcome",
        )
    }
    found |= {
        "js_interval": record.intervals["js"],
        "bins_missing": int(missing.sum()),
        "missing_share": float(record.bins.loc[missing, "real_share"].sum()),
        "verdict": record.verdict,
    }
    if copies:
        # Real rows that were not trained on: the test part, which other writers wrote.
        held_out = coverage.transform(fetch_mnist(subset="test").images[:5000])
        check = memorisation(coverage.transform(samples[:5000]), coverage.transform(train.images), held_out=held_out)
        found |= {
            "copies": check.copied_share,
            "copies_p": check.p_value,
            "closeness": check.closeness,
            "copies_clean": check.clean,
        }
    return found


def train_cell(name, parameters, steps, seed, *, copies=False):
    """Train, draw, measure; keep the samples."""
    import time

    from toolkit._core.files import atomic_path
    from toolkit.generators import GAN
    from toolkit.nn import resolve_device

    images = world()[0].images
    start, cpu = time.perf_counter(), time.process_time()
    gan = GAN(**parameters, max_steps=steps, snapshot_epochs=(), random_state=seed).fit(images)
    spent = {"fit_seconds": time.perf_counter() - start, "fit_cpu_seconds": time.process_time() - cpu}
    samples = gan.sample(N_SAMPLES, random_state=1)
    with atomic_path(SAMPLES / f"{name}.npz") as temporary:
        np.savez_compressed(temporary, images=samples)
    trained = {"parameters": parameters, "steps": steps, "seed": seed, "device": str(resolve_device(gan.device))}
    return {**trained, **spent, **figures(samples, copies=copies)}


def read_cell(name):
    """Digits in the samples of a cell, and their divergence from the shares of MNIST's training part."""
    from digit_reader import read_digits

    path = SAMPLES / f"{name}.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is not there: run `python benchmarks/collapse_mnist.py --only {name} --again`."
        )
    with np.load(path) as archive:
        digits = read_digits(archive["images"])
    shares = np.bincount(digits, minlength=10) / len(digits)
    real = np.bincount(training_part().labels, minlength=10) / len(training_part())
    drawn = shares > 0
    kl = float((shares[drawn] * np.log(shares[drawn] / real[drawn])).sum())
    return {"digits": int((shares >= RATIO).sum()), "shares": shares, "kl": kl}


def real_cell():
    """MNIST's test part by the same protocol: what nothing can be much better than."""
    from toolkit.datasets import fetch_mnist

    return figures(fetch_mnist(subset="test").images)


def plan():
    """Parameters, steps and seeds of each group of cells."""
    from toolkit.studies import collapse_recipe

    mitigation = collapse_recipe("mitigation", steps=STEPS)
    ablation = collapse_recipe("ablation", steps=STEPS)
    best = collapse_recipe("mitigation", steps=BEST_STEPS)["together, relativistic"]
    groups = {
        "collapse": (mitigation["plain"], STEPS, 5),
        "cure": (mitigation["together"], STEPS, 5),
        "best": (best, BEST_STEPS, 5),
    }
    skipped = ("plain", "together", "cure")
    for kind, recipe in (("mitigation", mitigation), ("ablation", ablation)):
        for name, parameters in recipe.items():
            if name not in skipped:
                groups[f"{kind}_{name.replace(', ', '_').replace(' ', '_')}"] = (parameters, STEPS, 3)
    return groups


def build_cells():
    found = {"real": real_cell}
    for group, (parameters, steps, n_seeds) in plan().items():
        for seed in range(n_seeds):
            name = f"{group}_seed{seed}"
            found[name] = partial(train_cell, name, parameters, steps, seed, copies=group == "best")
    return found | {f"read_{name}": partial(read_cell, name) for name in found if name != "real"}


def show(results):
    """Groups over seeds, the test between collapse and cure, and how far label-free and label-based figures agree."""
    from scipy.stats import mannwhitneyu, spearmanr

    read = {name.removeprefix("read_"): results.pop(name) for name in list(results) if name.startswith("read_")}
    real = results.pop("real", None)
    if real:
        print(f"real test part: JS {real['js']:.4f}, coverage {real['coverage']:.3f}, recall {real['recall']:.3f}")
    if not results:
        return
    for name, cell in results.items():
        cell["digits"] = read.get(name, {}).get("digits")
        cell["kl"] = read.get(name, {}).get("kl")
    keys = ["js", "missing_share", "coverage", "precision", "recall", "digits", "kl", "fit_cpu_seconds"]
    print(cells.over_seeds(results, keys))
    outcomes = {}
    for name, cell in results.items():
        outcomes.setdefault(name.rpartition("_seed")[0], []).append(cell.get("outcome"))
    for group, words in outcomes.items():
        print(f"{group}: {', '.join(f'{words.count(word)} {word}' for word in sorted(set(words)))}")
    js = {
        group: [cell["js"] for name, cell in results.items() if name.rpartition("_seed")[0] == group]
        for group in ("collapse", "cure", "best")
    }
    if len(js["collapse"]) > 1 and len(js["cure"]) > 1:
        p_value = mannwhitneyu(js["collapse"], js["cure"]).pvalue
        print(
            f"collapse JS {min(js['collapse']):.3f} and more (bar .4); cure {max(js['cure']):.4f} and less (bar .012)"
        )
        print(f"unpaired test of {len(js['collapse'])} against {len(js['cure'])} seeds: p = {p_value:.4f} (bar .01)")
    if js["best"]:
        print(f"best cure: JS {max(js['best']):.4f} and less (bar .005)")
    both = [(cell["js"], cell["kl"], cell["digits"]) for cell in results.values() if cell["kl"] is not None]
    if len(both) > 5:
        divergence, kl, digits = np.array(both).T
        print(f"Spearman of JS and digit KL over {len(both)} GANs: {spearmanr(divergence, kl).statistic:.3f} (bar .9)")
        ten = digits == 10
        if ten.sum() > 5:
            agreement = spearmanr(divergence[ten], kl[ten]).statistic
            print(f"... over the {ten.sum()} that reach ten digits: {agreement:.3f} (bar .7)")


if __name__ == "__main__":
    cells.main(TABLE, build_cells(), show, __doc__.splitlines()[0])
