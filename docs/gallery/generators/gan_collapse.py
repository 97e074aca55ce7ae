"""
Why did my GAN collapse, and is it cured?
=========================================

A GAN that draws the same picture over and over has collapsed. Losses do not show it;
:class:`~toolkit.coverage.CoverageMonitor` does, while the GAN trains, and without labels.
"""

import numpy as np
from matplotlib.figure import Figure

from toolkit.coverage import CoverageMonitor, ModeCoverage
from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.plots import SampleRowsDisplay

images = np.random.default_rng(0).permutation(load_digits().images)  # they come writer by writer
coverage = ModeCoverage(random_state=0).fit(images[:1200])

# %%
# What is said to cause collapse, or to cure it, is a parameter. The same pair of networks: plain, with Adam as it
# comes; and with what cures it, a gradient penalty, batch norm in the generator, averaged weights, and a fast Adam
# without momentum.

pair = {"preset": "plain", "generator_widths": (128, 256), "discriminator_widths": (256, 128), "latent_dim": 64}
pair |= {"batch_size": 64, "max_steps": 800, "random_state": 0}
cure = {"gradient_penalty": "r1", "generator_norm": "batch", "weight_averaging": 0.99}
gans = {
    "plain": GAN(**pair, learning_rate=0.0002, betas=(0.9, 0.999)),
    "cured": GAN(**pair, learning_rate=0.001, betas=(0.0, 0.99), **cure),
}

options = {"every": 100, "n_samples": 500, "patience": None, "keep_best": False}  # it only watches
monitors = {name: CoverageMonitor(coverage, **options) for name in gans}
for name, gan in gans.items():
    gan.fit(images[:1200], hooks=[monitors[name]])
    record = coverage.evaluate(gan, n_samples=600, random_state=1)
    print(f"{name}: {record.outcome}. {record.verdict}\n")

# %%
# What the two draw:

SampleRowsDisplay.from_predictions({name: gan.sample(8, random_state=1) for name, gan in gans.items()}).plot()

# %%
# When it happened: the divergence of what it draws from the data, step by step.

figure = Figure(figsize=(7, 3.5), layout="constrained")
ax = figure.add_subplot()
for name, monitor in monitors.items():
    ax.plot("step", "js", data=monitor.frame(), marker="o", markersize=3, label=name)
ax.set(xlabel="step", ylabel="divergence from the data (js)", ylim=0)
ax.legend()
figure

# %%
# One seed proves nothing, and which part of the cure helps depends on the data:
# ``toolkit collapse --recipe mitigation`` tries each by itself on yours, over seeds.
