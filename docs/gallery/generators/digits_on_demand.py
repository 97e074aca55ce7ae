"""
How do I get digits on demand, and from one to the next?
========================================================

A :class:`~toolkit.generators.ConditionalGAN` learns from labels, and draws what is asked for.
"""

import numpy as np

from toolkit.datasets import load_digits
from toolkit.generators import ConditionalGAN
from toolkit.plots import SampleRowsDisplay

digits = load_digits()
gan = ConditionalGAN(max_steps=600, random_state=0).fit(digits.images, digits.labels)

# %%
# Threes, sevens, and a row of each:

SampleRowsDisplay.from_predictions(
    {f"a {digit}": gan.sample(12, y=digit, random_state=digit) for digit in gan.classes_}
).plot()

# %%
# The same latent vector with the label going from three to seven, and from four to nine:

SampleRowsDisplay.from_predictions(
    {f"{a} to {b}": gan.interpolate(a, b, 12, random_state=3) for a, b in [(3, 7), (4, 9), (0, 6)]}
).plot()

# %%
# Is what was asked for also what was drawn? A classifier of real digits says so, for checking only:

from sklearn.neighbors import KNeighborsClassifier

reader = KNeighborsClassifier().fit(digits.images.reshape(len(digits), -1), digits.labels)
asked = np.repeat(gan.classes_, 20)
drawn = gan.sample(len(asked), y=asked, random_state=1)
print(f"{(reader.predict(drawn.reshape(len(drawn), -1)) == asked).mean():.0%} are read as what was asked for")
