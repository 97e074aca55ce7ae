"""
What does a latent space of two dimensions look like?
=====================================================

An autoencoder that has but two numbers for each image lays the images out on a plane.
"""

from toolkit.datasets import load_digits
from toolkit.generators import VariationalAutoencoder
from toolkit.plots import LatentDisplay, LatentGridDisplay

digits = load_digits()
vae = VariationalAutoencoder(latent_dim=2, epochs=60, random_state=0).fit(digits.images)

# %%
# What each place of the plane decodes to:

LatentGridDisplay.from_estimator(vae, n_per_side=16).plot()

# %%
# Where the images lie. The labels colour the points, and were not there in training:

LatentDisplay.from_estimator(vae, digits.images, digits.labels).plot()
