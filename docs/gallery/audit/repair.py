"""
Can the damage be undone?
=========================

A fifth of the images are inverted, turned or noisy. :class:`~toolkit.restoration.ImageRestorer` names what was done to
each, repairs it, and keeps a repair only where an independent check finds the image better for it.
"""

from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.plots import RepairPairsDisplay
from toolkit.restoration import ImageRestorer

clean = load_digits().images[:450]
kinds = ["invert", "rotate_90", "gaussian_noise"]
given, truth = Corruptor(kinds, fraction=0.2, random_state=1).corrupt(clean)

restorer = ImageRestorer(CorruptionIdentifier(kinds, random_state=0), random_state=0).fit(given)
repaired, repairs = restorer.restore(given)
repairs["outcome"].value_counts().to_frame()

# %%
# As given, as repaired, and the clean copy, which the restorer never saw:

RepairPairsDisplay.from_predictions(
    given, repaired, repairs["kind"], clean=clean, repaired=repairs["repaired"], n_pairs=10
).plot()

# %%
# What was clean comes back bit by bit as it was:

sound = truth == "clean"
changed = (repaired != given).any(axis=(1, 2))
print(f"{changed[~sound].mean():.0%} of the corrupted and {changed[sound].mean():.1%} of the clean images were changed")
