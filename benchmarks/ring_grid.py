"""Ring (8 modes) and grid (25 modes) in the plane, by the published protocol: 2,500 samples, ten trials.

A mode is found when a sample lies within three standard deviations (Euclidean) of it, and such samples are of high
quality. Published: GAN 6.3 modes, 98.2 % and 17.3, 94.8 %; PacGAN2 7.9, 95.6 % and 23.8, 91.3 %. The bar: 8.0 and 25.0
modes at 97 % of high quality, in at most 90 seconds a trial. Each cell keeps the figures at ten places of the training,
and what the label-free score says there, so that the table shows the curve, reached or not. ``trials.json`` holds the
shorter trainings, with another seed, by which the settings were chosen. What decides is that latents fall apart as the
data do (``corners``); the same with normal latents stands beside, and a pair with nothing against collapse.

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

N_TRAIN, N_SAMPLES, PLACES = 50_000, 2_500, 10
PLAIN = {
    "preset": "plain",
    "latent_dim": 8,
    "generator_widths": (128, 128, 128, 128),
    "discriminator_widths": (128, 128, 128),
    "batch_size": 128,
    "learning_rate": 1e-3,
}
# The penalty is weak: slopes must be steep where a mode is a hundredth of the range wide.
RELATIVISTIC = PLAIN | {
    "objective": "relativistic",
    "gradient_penalty": "r1r2",
    "penalty_weight": 0.001,
    "betas": (0.0, 0.99),
    "generator_norm": "batch",
    "weight_averaging": 0.99,
    "lr_schedule": "cosine",
    "learning_rate": 2e-3,
    "discriminator_learning_rate": 1e-3,
}
SETTINGS = {
    "corners": RELATIVISTIC | {"latent_distribution": "corners"},
    "normal_latents": RELATIVISTIC,
    "plain": PLAIN,
}
TRIALS = {"corners": 10, "normal_latents": 3, "plain": 3}
STEPS = {"ring": 10_000, "grid": 20_000}
PUBLISHED = {"ring": "PacGAN2 7.9 modes, 95.6 %", "grid": "PacGAN2 23.8 modes, 91.3 %"}


def world_of(name, n_samples, seed):
    from toolkit.datasets import load_grid, load_ring

    return (load_ring if name == "ring" else load_grid)(n_samples, random_state=seed)


class Curve:
    """A hook: what is found, at ten places of the training."""

    def __init__(self, world, coverage, steps):
        self.world, self.coverage = world, coverage
        self.places = {steps * (place + 1) // PLACES for place in range(PLACES)}
        self.rows = []

    def __call__(self, trainer, entry):
        return False

    def after_step(self, trainer, step):
        if step in self.places:
            self.rows.append({"step": step, **measure(trainer, self.world, self.coverage)})
        return False


def measure(model, world, coverage):
    """By the published protocol, and the label-free divergence beside it; of a GAN, or of its trainer."""
    from toolkit.coverage import known_modes

    samples = model.sample(N_SAMPLES, random_state=1)
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
    gan = GAN(**SETTINGS[setting], max_steps=STEPS[name], snapshot_epochs=(), random_state=seed)
    curve = Curve(world, coverage, STEPS[name])
    start, cpu = time.perf_counter(), time.process_time()
    gan.fit(world.points, hooks=(curve,))
    spent = {"fit_seconds": time.perf_counter() - start, "fit_cpu_seconds": time.process_time() - cpu}
    return {"parameters": SETTINGS[setting], "steps": STEPS[name], **spent, **curve.rows[-1], "curve": curve.rows}


CELLS = {
    f"{name}_{setting}_seed{seed}": partial(trial, name, setting, seed)
    for name in STEPS
    for setting in SETTINGS
    for seed in range(TRIALS[setting])
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
