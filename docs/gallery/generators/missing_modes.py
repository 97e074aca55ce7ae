"""
Which modes does my generator lack?
===================================

A generator that draws no threes looks fine one sample at a time. Held against the data, without labels, the gap shows,
and real images of what is missing can be looked at.
"""

import numpy as np

from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits
from toolkit.plots import CoverageMapDisplay, DroppedModesDisplay

digits = load_digits()
digits = digits.subset(np.random.default_rng(0).permutation(len(digits)))  # they come writer by writer
real, held_out = digits.images[:1000], digits.images[1000:]
samples = held_out[digits.labels[1000:] != 3]  # what a generator would draw that knows no three

coverage = ModeCoverage(random_state=0).fit(real)
record = coverage.evaluate(samples)
print(record.verdict)

# %%
# Real images of the parts that are missing:

DroppedModesDisplay.from_estimator(coverage, record).plot()

# %%
# Where they lie among the others. A label says how often a part is drawn, as a multiple of its share of the data:

CoverageMapDisplay.from_estimator(coverage, samples).plot()

# %%
# Each figure with its interval, and with what a perfect sampler would get:

record.frame()[["metric", "value", "expected", "p_value"]].round(3).head(8)
