"""
How do I get digits on demand, and from one to the next?
========================================================

A :class:`~toolkit.generators.ConditionalGAN` learns from labels, and draws what is asked for. ``ConditionalGAN()``
will do; the settings here are those of a small pair of networks that is trained in seconds.
"""

import numpy as np

from toolkit.datasets import load_digits
from toolkit.generators import ConditionalGAN
from toolkit.plots import SampleRowsDisplay

digits = load_digits()
gan = ConditionalGAN(
    preset="plain",
    gradient_penalty="r1",
    generator_norm="batch",
    generator_widths=(128, 128),
    discriminator_widths=(128,),
    learning_rate=0.002,
    betas=(0.0, 0.99),
    weight_averaging=0.98,
    max_steps=1500,
    random_state=0,
)
gan.fit(digits.images, digits.labels)

# %%
# The label says which digit, a latent vector in which hand:

SampleRowsDisplay.from_predictions({f"{digit}": gan.sample(12, y=digit, random_state=0) for digit in range(10)}).plot()

# %%
# The same hand, with the label going from one digit to another:

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
