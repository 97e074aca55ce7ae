"""
How do samples grow as a GAN trains?
====================================

The same latent vectors, drawn again and again while the networks learn.
"""

from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.plots import LiveSamples, LossCurveDisplay

growth = LiveSamples(every=0.2, n_samples=14)
gan = GAN(generator_widths=(64, 128), discriminator_widths=(128, 64), max_steps=500, random_state=0)
gan.fit(load_digits().images, hooks=[growth])
growth.display().plot()

# %%
# Losses of a GAN say little of what it draws; that they neither run off nor reach zero is all there is to see.

LossCurveDisplay.from_estimator(gan).plot()
