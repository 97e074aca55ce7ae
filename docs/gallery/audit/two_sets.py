"""
What is different about June's data?
====================================

Two deliveries of the same kind of images, and neither is the truth: which parts does one hold more often than the
other?
"""

import numpy as np

from toolkit.coverage import compare_coverage
from toolkit.datasets import load_digits
from toolkit.plots import SampleRowsDisplay

digits = load_digits()
digits = digits.subset(np.random.default_rng(0).permutation(len(digits)))  # they come writer by writer
first, labels = digits.images[:900], digits.labels[900:]
second = digits.images[900:][(labels != 3) & (labels != 8)]  # somebody lost the threes and the eights

found = compare_coverage(first, second, names=("May", "June"), random_state=0)
print(found.verdict)

# %%
# Parts that May held more often, the largest first. The labels were not used to find them:

SampleRowsDisplay.from_predictions(
    {f"part {number}": first[mode.a_rows[:8]] for number, mode in enumerate(found.more_in_a, 1)}
).plot()
