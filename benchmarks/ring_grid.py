"""Ring (8 modes) and grid (25 modes) in the plane, by the published protocol: 2,500 samples, ten trials.

A mode is found when a sample lies within three standard deviations (Euclidean) of it, and such samples are of high
quality. Published: GAN 6.3 modes, 98.2 % and 17.3, 94.8 %; PacGAN2 7.9, 95.6 % and 23.8, 91.3 %. The bar: 8.0 and 25.0
modes at 97 % of high quality, in at most 90 seconds a trial. Each cell keeps the figures at ten places of the training,
and what the label-free score says there, so that the table shows the curve, reached or not. ``trials.json`` holds the
shorter trainings, with another seed, by which the settings were chosen.

    python benchmarks/ring_grid.py --only '*_seed0'   # one trial of each
    python benchmarks/ring_grid.py                         # measure what is missing, then print the table
    python benchmarks/ring_grid.py --table                 # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import time  # noqa: E402
from functools import partial  # noqa: E402

import cells  # noqa: E402

TRIALS, N_TRAIN, N_SAMPLES, PLACES = 10, 50_000, 2_500, 10
PLAIN = {
    "latent_dim": 2,
    "generator_widths": (128, 128, 128),
    "discriminator_widths": (128, 128, 128),
    "batch_size": 256,
    "learning_rate": 1e-3,
}
AVERAGED = PLAIN | {"weight_averaging": 0.99, "lr_schedule": "cosine"}
# The penalty is weak: slopes must be steep where a mode is a hundredth of the range wide.
RELATIVISTIC = {
    "objective": "relativistic",
    "gradient_penalty": "r1r2",
    "penalty_weight": 0.001,
    "betas": (0.0, 0.99),
}
NORMED = AVERAGED | {"generator_norm": "batch", "batch_size": 128}
SETTINGS = {
    "plain": PLAIN,
    "averaged": AVERAGED,
    "batch_norm": NORMED,
    "relativistic": NORMED | RELATIVISTIC,
    # Networks of their own: a discriminator that sees waves, and noise that goes while it learns to use them.
    "waves": {
        key: value
        for key, value in (NORMED | RELATIVISTIC | {"instance_noise": 0.1, "lr_schedule": "linear"}).items()
        if key not in ("generator_widths", "discriminator_widths", "generator_norm")
    },
}
STEPS = {"ring": 10_000, "grid": 10_000}
PUBLISHED = {"ring": "PacGAN2 7.9 modes, 95.6 %", "grid": "PacGAN2 23.8 modes, 91.3 %"}


def world_of(name, n_samples, seed):
    from toolkit.datasets import load_grid, load_ring

    return (load_ring if name == "ring" else load_grid)(n_samples, random_state=seed)


def wave_networks():
    """A fully connected pair whose discriminator sees each point also as sines and cosines of random projections.

    A fully connected network learns smooth functions first, and a mode here is a hundredth of the range wide (Tancik et
    al., 2020, "Fourier features let networks learn high frequency functions in low dimensional domains").
    """
    import math

    import torch
    from torch import nn

    from toolkit.nn import torch_generator
    from toolkit.nn.adversarial import build_generator

    class Waves(nn.Module):
        def __init__(self, n_waves, generator):
            super().__init__()
            self.register_buffer("frequencies", 2.0 * math.pi * torch.randn(2, n_waves, generator=generator))

        def forward(self, points):
            points = points.flatten(1)  # (batch, 2)
            angles = points @ self.frequencies
            return torch.cat([points, angles.sin(), angles.cos()], dim=1)

    def start(layer, random):
        bound = layer.in_features**-0.5
        with torch.no_grad():
            for values in (layer.weight, layer.bias):
                values.uniform_(-bound, bound, generator=random)
        return layer

    random, width = torch_generator(0), PLAIN["discriminator_widths"][0]
    generator = build_generator(
        "mlp", PLAIN["latent_dim"], (1, 1, 2), widths=PLAIN["generator_widths"], norm="batch", generator=random
    )
    discriminator = nn.Sequential(
        Waves(64, random),
        *(start(nn.Linear(130, width), random), nn.LeakyReLU(0.2)),
        *(start(nn.Linear(width, width), random), nn.LeakyReLU(0.2)),
        *(start(nn.Linear(width, 1), random), nn.Flatten(0)),
    )
    return generator, discriminator


class Curve:
    """A hook: what is found, at ten places of the training."""

    def __init__(self, gan, world, coverage, steps):
        self.gan, self.world, self.coverage = gan, world, coverage
        self.places = {steps * (place + 1) // PLACES for place in range(PLACES)}
        self.rows = []

    def __call__(self, trainer, entry):
        return False

    def after_step(self, trainer, step):
        if step in self.places:
            self.gan.generator_ = trainer.finished_generator().cpu()
            self.rows.append({"step": step, **measure(self.gan, self.world, self.coverage)})
        return False


def measure(gan, world, coverage):
    """By the published protocol, and the label-free divergence beside it."""
    from toolkit.coverage import known_modes

    samples = gan.sample(N_SAMPLES, random_state=1)
    found = known_modes(samples, world.centres, world.scale)
    return {
        "modes": found.n_found,
        "high_quality": found.high_quality,
        "kl": found.kl,
        "js": -coverage.score(samples),
    }


def trial(name, setting, seed):
    from toolkit.coverage import ModeCoverage
    from toolkit.generators import GAN

    world = world_of(name, N_TRAIN, seed)
    coverage = ModeCoverage(n_neighbour_rows=500, random_state=0).fit(world_of(name, 10_000, 1000 + seed).points)
    own = {"architecture": wave_networks()} if setting == "waves" else {}
    gan = GAN(**SETTINGS[setting], **own, max_steps=STEPS[name], snapshot_epochs=(), random_state=seed)
    curve = Curve(gan, world, coverage, STEPS[name])
    start, cpu = time.perf_counter(), time.process_time()
    gan.fit(world.points, hooks=(curve,))
    spent = {"fit_seconds": time.perf_counter() - start, "fit_cpu_seconds": time.process_time() - cpu}
    return {"parameters": SETTINGS[setting], "steps": STEPS[name], **spent, **curve.rows[-1], "curve": curve.rows}


CELLS = {
    f"{name}_{setting}_seed{seed}": partial(trial, name, setting, seed)
    for name in STEPS
    for setting in SETTINGS
    for seed in range(TRIALS)
}


def show(results):
    """Means over the trials, and their curve over training."""
    import pandas as pd

    tried = results.pop("trials", {"trainings": []})["trainings"]
    if tried:
        print("shorter trainings, seed 10: modes and high quality at the end")
        print(pd.DataFrame([{**row, **row["curve"][-1]} for row in tried]).drop(columns="curve").to_string())
    if not results:
        return
    print(cells.over_seeds(results, ["modes", "high_quality", "kl", "js", "fit_cpu_seconds"]))
    rows = [{"group": name.rpartition("_seed")[0], **row} for name, cell in results.items() for row in cell["curve"]]
    frame = pd.DataFrame(rows)
    for figure in ("modes", "high_quality"):
        print(f"\n{figure} over training")
        print(frame.pivot_table(index="group", columns="step", values=figure).round(3))
    print("\npublished:", "; ".join(f"{name}: {figure}" for name, figure in PUBLISHED.items()))


if __name__ == "__main__":
    cells.main("ring_grid", CELLS, show, __doc__.splitlines()[0])
