"""
Which generator should I take?
==============================

An autoencoder, a variational one, a GAN, and a flow learn the same images, each for some seconds, and are held against
real ones.
"""

import numpy as np
import pandas as pd

from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits
from toolkit.generators import GAN, Autoencoder, FlowMatching, VariationalAutoencoder
from toolkit.plots import SampleRowsDisplay

images = np.random.default_rng(0).permutation(load_digits().images)  # they come writer by writer
train, held_out = images[:1300], images[1300:]

generators = {
    "autoencoder": Autoencoder(latent_dim=16, epochs=30, random_state=0),
    "variational": VariationalAutoencoder(latent_dim=16, epochs=30, random_state=0),
    "GAN": GAN(max_steps=400, random_state=0),
    "flow": FlowMatching(widths=(16, 16), max_steps=80, random_state=0),
}
samples = {name: model.fit(train).sample(500, random_state=1) for name, model in generators.items()}
SampleRowsDisplay.from_predictions({name: drawn[:14] for name, drawn in samples.items()}).plot()

# %%
# How good, how much of the data, and whether copied; the last row is what real images get:

coverage = ModeCoverage(random_state=0).fit(train)
rows = {name: coverage.evaluate(drawn) for name, drawn in {**samples, "real, held out": held_out}.items()}
figures = ["js", "clipped_density", "clipped_coverage", "copied_share", "outcome"]
table = [[getattr(record, figure) for figure in figures] for record in rows.values()]
pd.DataFrame(table, list(rows), figures).round(3)
