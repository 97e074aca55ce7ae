"""Cats: 11,687 photographs of 64 x 64, and which generator wins on what.

Every fifth file by name is held back; nothing learns from it. Figures are in the features of a convolutional
autoencoder fitted on the others (cell ``features``), on as many samples as there are images held back: Fréchet
distance, recall and coverage (k = 5). Intervals are 95 %, from the spread over random halves of both sides (a
delete-half jackknife: halves of n rows vary by as much as the whole does).

- ``reference``: training images, and training images blurred by 2 pixels, in the place of samples. The bar of the GAN
  is a distance of at most .8 of the latter.
- ``<model>_seed<k>``: at most 20 minutes a fit on one core, two seeds side by side, so that all of it, drawing and
  judging included, stays within 30. Pictures go to ``outputs/cats``: samples, each with its nearest training image, and
  (autoencoders) walks along latent directions.
- Autoencoders are sampled in the ways of ``compare_sampling``: their prior, a density fitted to the latent vectors,
  both drawn in (truncation), and half way between pairs of images, straight and along the great circle.
- ``trials.json`` holds the short trainings by which the GAN's settings were chosen, about equal in arithmetic, with
  seeds of their own and judged on a fifth of the images to learn from: no held-back image had a part in the choice.

    TOOLKIT_PICTURES=folder python benchmarks/cats.py   # measure what is missing, then print the table
    python benchmarks/cats.py --table                   # print only
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

TABLE = "cats"
KEPT = Path(__file__).parent.parent / "outputs" / TABLE
SIZE, MINUTES, HALVES, SEEDS = 64, 20, 20, (0, 1)
WIDTHS, LATENT, FEATURES, BLUR, SHOWN = (32, 64, 128), 64, 64, 2.0, 12
BAR = 0.8
# Figures by which the models are ranked, and which way is better.
BETTER = {"frechet": -1, "recall": 1, "coverage": 1, "precision": 1, "reconstruction_error": -1}


@cache
def images():
    """Images to learn from, and those held back."""
    from toolkit.datasets import load_image_folder

    folder = os.environ.get("TOOLKIT_PICTURES")
    if not folder or not os.path.isdir(folder):
        raise SystemExit("TOOLKIT_PICTURES must name the folder of the photographs.")
    found = load_image_folder(folder, size=SIZE, cache=KEPT / "cache", n_jobs=2)
    held_back = np.arange(len(found)) % 5 == 4
    return np.asarray(found.images[~held_back]), np.asarray(found.images[held_back])


def autoencoder(epochs, **params):
    from toolkit.generators import Autoencoder

    return Autoencoder("convolutional", latent_dim=LATENT, widths=WIDTHS, epochs=epochs, learning_rate=0.002, **params)


def variational(epochs, **params):
    from toolkit.generators import VariationalAutoencoder

    # The divergence is given less weight than the bound has, or the noise of 12,288 values is all that is learnt.
    return VariationalAutoencoder(
        "convolutional",
        latent_dim=LATENT,
        widths=WIDTHS,
        activation="silu",
        beta=0.5,
        n_draws=1,
        epochs=epochs,
        learning_rate=0.002,
        **params,
    )


def adversarial(epochs, **params):
    from toolkit.generators import GAN

    return GAN(
        "dcgan",
        preset="plain",
        objective="relativistic",
        gradient_penalty="r1r2",
        penalty_interval=4,
        generator_norm="batch",
        weight_averaging=0.998,
        latent_dim=LATENT,
        generator_widths=(128, 64, 32, 16),
        discriminator_widths=(16, 32, 64, 128),
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        precision="bfloat16",
        snapshot_epochs=(),
        epochs=epochs,
        **params,
    )


# Epochs are more than the budget lets through; the clock ends each fit.
MODELS = {"autoencoder": partial(autoencoder, 60), "vae": partial(variational, 60), "gan": partial(adversarial, 200)}


class Clock:
    """A hook that ends a training before it would exceed its time."""

    def __init__(self, seconds):
        self.start, self.seconds = time.perf_counter(), seconds

    def __call__(self, trainer, entry):
        spent = time.perf_counter() - self.start
        return spent + spent / entry["epoch"] > self.seconds


@cache
def judge():
    """The autoencoder whose latent vectors are the features of all figures."""
    import toolkit

    path = KEPT / "features"
    if not path.exists():
        raise SystemExit("run `python benchmarks/cats.py --only features` first")
    return toolkit.load(path)


@cache
def real_features():
    train, held_back = images()
    return judge().transform(train), judge().transform(held_back)


def features_cell():
    import toolkit
    from toolkit.generators import Autoencoder

    train, held_back = images()
    model = Autoencoder(
        "convolutional", latent_dim=FEATURES, widths=WIDTHS, epochs=20, learning_rate=0.002, random_state=100
    ).fit(train)
    toolkit.save(model, KEPT / "features")
    return {"epochs": 20, "held_back_error": -float(model.score(held_back)), "n_train": len(train)}


def figures(samples):
    """Distance, recall and coverage with their intervals; also precision, and whether images were copied."""
    from toolkit.coverage import frechet_distance, memorisation, precision_recall_density_coverage

    train, held_back = real_features()
    drawn, generator = judge().transform(samples), np.random.default_rng(0)

    def measure(real, fake):
        near = precision_recall_density_coverage(real, fake)
        return {
            "frechet": frechet_distance(real, fake),
            "recall": near.recall,
            "coverage": near.coverage,
            "precision": near.precision,
        }

    found = measure(held_back, drawn)
    halves = []
    for _ in range(HALVES):
        rows = (generator.permutation(len(part))[: len(part) // 2] for part in (held_back, drawn))
        halves.append(measure(*(part[row] for part, row in zip((held_back, drawn), rows))))
    for name, spread in pd.DataFrame(halves).std().items():
        found[f"{name}_interval"] = [found[name] - 1.96 * spread, found[name] + 1.96 * spread]
    copies = memorisation(drawn, train, held_out=held_back)
    return found | {"copied_share": copies.copied_share, "copies_p": copies.p_value}


def reference_cell():
    """What training images score in the place of samples, as they are and blurred."""
    from scipy.ndimage import gaussian_filter

    train, held_back = images()
    chosen = train[np.random.default_rng(1).permutation(len(train))[: len(held_back)]]
    blurred = np.stack([gaussian_filter(image, (BLUR, BLUR, 0), mode="nearest") for image in chosen])
    real, soft = figures(chosen), figures(blurred)
    return {"real": real, "blurred": soft}


def model_cell(name, seed):
    """One fit within ``MINUTES``, its samples judged, and its pictures drawn."""
    import toolkit
    from toolkit.comparison import compare_sampling

    train, held_back = images()
    start, cpu = time.perf_counter(), time.process_time()
    model = MODELS[name](random_state=seed)
    model.fit(train, hooks=[Clock(60 * MINUTES)])
    spent = {"fit_seconds": time.perf_counter() - start, "fit_cpu_seconds": time.process_time() - cpu}
    kept = f"{name}_seed{seed}"
    toolkit.save(model, KEPT / kept)
    samples = model.sample(len(held_back), random_state=1)
    found = {
        "model": name,
        "seed": seed,
        "epochs": len(model.history_),
        **spent,
        **figures(samples),
    }
    if name != "gan":
        found["reconstruction_error"] = -float(model.score(held_back))
        ways = compare_sampling(model, train, held_back, features=judge(), random_state=2)
        found["strategies"] = ways.set_index("way").to_dict(orient="index")
        walks(model, train, KEPT / f"{kept}_walks.png")
    nearest(samples[:SHOWN], train, KEPT / f"{kept}_samples.png", name)
    return found


def walks(model, train, path):
    """Along the six latent directions of largest spread, and sums of latent vectors, a row each."""
    from toolkit.generators import latent_sums, latent_walks
    from toolkit.plots import SampleRowsDisplay

    images, shares = latent_walks(model, train, n_directions=6, n_steps=SHOWN)
    rows = {f"direction {place}, {share:.0%}": row for place, (row, share) in enumerate(zip(images, shares), start=1)}
    a, b, c = train[:SHOWN], train[SHOWN : 2 * SHOWN], train[2 * SHOWN : 3 * SHOWN]
    rows |= {"a": a, "b": b, "c": c, "a - b + c": latent_sums(model, a, b, c)}
    SampleRowsDisplay.from_predictions(rows, title="Latent directions, and arithmetic on latent vectors").save(path)


def nearest(samples, train, path, name):
    """Samples over the training images that are nearest to them, in features."""
    from toolkit.coverage import memorisation
    from toolkit.plots import SampleRowsDisplay

    rows = memorisation(judge().transform(samples), real_features()[0]).nearest_rows
    shown = {name: samples, "nearest in training": train[rows]}
    SampleRowsDisplay.from_predictions(shown, title="Samples, and the training images nearest to them").save(path)


CELLS = {"features": features_cell, "reference": reference_cell} | {
    f"{name}_seed{seed}": partial(model_cell, name, seed) for name in MODELS for seed in SEEDS
}


def show(results):
    """Print the trials, the models, then the ways of sampling."""
    if trials := results.pop("trials", None):
        print(pd.DataFrame(trials["trainings"]).drop(columns="parameters").to_string(index=False))
        print(f"trials: a distance of {trials['real']} for real images, of {trials['blurred']} for blurred ones\n")
    rows = [{"what": f"training images, {how}", **part} for how, part in results.get("reference", {}).items()
            if how in ("real", "blurred")]  # fmt: skip
    rows += [{"what": name, **results[name]} for name in CELLS if name in results and "model" in results[name]]
    ways = [
        {"model": name, "how": how, **part}
        for name in CELLS
        for how, part in results.get(name, {}).get("strategies", {}).items()
    ]
    if not rows:
        print("nothing measured yet")
        return
    for found, keys in ((rows, ["what"]), (ways, ["model", "how"])):
        for row in found:
            for name in ("frechet", "recall", "coverage"):
                if f"{name}_interval" in row:
                    low, high = row[f"{name}_interval"]
                    row[name] = f"{row[name]:.3f} ({low:.3f} to {high:.3f})"
        if found:
            columns = [*keys, "frechet", "recall", "coverage", "precision", "copied_share", "epochs", "fit_seconds"]
            print(pd.DataFrame(found).reindex(columns=columns).round(3).to_string(index=False), "\n")
    models = pd.DataFrame([results[name] for name in CELLS if "model" in results.get(name, {})])
    if len(models):
        print(models.groupby("model")[list(BETTER)].mean().round(4).to_string(), "\n")
        rank(models)
    if "reference" in results:
        print(f"bar of the GAN: a distance of at most {BAR * results['reference']['blurred']['frechet']:.3f}")


def rank(models):
    """Print which model is best by each figure, and whether each of its seeds is ahead of all others."""
    for figure, sign in BETTER.items():
        seeds = (sign * models.set_index("model")[figure]).dropna().groupby("model").agg(["mean", "min", "max"])
        *others, first = seeds.sort_values("mean").itertuples()
        apart = all(first.min > other.max for other in others)
        print(f"best by {figure}: {first.Index}{'' if apart else ', though not with every seed'}")


if __name__ == "__main__":
    cells.main(TABLE, CELLS, show, __doc__)
