"""
Why did my GAN collapse, and is it cured?
=========================================

A GAN that draws the same few digits over and over has collapsed: each sample looks fine, and most of the data is never
drawn. Losses do not show it. :class:`~toolkit.coverage.CoverageMonitor` does, while the GAN trains, and without labels.
"""

import numpy as np
from matplotlib.figure import Figure

from toolkit.coverage import CoverageMonitor, ModeCoverage
from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.plots import SampleRowsDisplay

images = np.random.default_rng(0).permutation(load_digits().images)  # they come writer by writer
coverage = ModeCoverage(random_state=0).fit(images[:1200])

small = {"generator_widths": (64, 128), "discriminator_widths": (128, 64), "max_steps": 600, "random_state": 0}
gans = {
    "rate 10 times too high": GAN(preset="plain", learning_rate=0.01, **small),
    "customary rate": GAN(preset="plain", **small),
    "modern": GAN(**small),
}

# %%
# What is said to cause collapse or to cure it is a parameter: the learning rate here, and all that the ``modern`` preset
# changes (a gradient penalty, batch norm in the generator, averaged weights).

monitors = {name: CoverageMonitor(coverage, every=60, n_samples=500) for name in gans}
for name, gan in gans.items():
    gan.fit(images[:1200], hooks=[monitors[name]])
    record = coverage.evaluate(gan, n_samples=600, random_state=1)
    print(f"{name}: {record.outcome}. {record.verdict}\n")

# %%

SampleRowsDisplay.from_predictions({name: gan.sample(14, random_state=1) for name, gan in gans.items()}).plot()

# %%
# When it happened: how much of the data has no samples, step by step.

figure = Figure(figsize=(7, 3.5), layout="constrained")
ax = figure.add_subplot()
for name, monitor in monitors.items():
    frame = monitor.frame()
    ax.plot(frame["step"], frame["js"], marker="o", markersize=3, label=name)
ax.set(xlabel="step", ylabel="divergence from the data (js)", ylim=0)
ax.legend()
figure

# %%
# One seed proves nothing, and which cure helps depends on the data: ``toolkit collapse --recipe mitigation`` tries each on
# yours, over seeds.
