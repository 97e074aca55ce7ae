"""The sets that figures are reported on: none of their rows was used to choose anything.

Tuning was done on MNIST train rows 0 to 29,999 and on glyphs of all fonts; these are MNIST train rows 30,000 to 49,999,
EMNIST digits, glyph letters of one group of fonts and other seeds, and Fashion-MNIST.
"""

import string

import numpy as np

from toolkit.corruption import Corruptor
from toolkit.datasets import fetch_emnist, fetch_fashion_mnist, fetch_mnist, load_glyphs

__all__ = ["NAMES", "corrupted", "images"]

NAMES = ("mnist", "emnist", "letters", "fashion")


def images(name, seed=0):
    """Clean images of a reporting set, and their labels (for checking only)."""
    if name == "mnist":
        data = fetch_mnist("train").subset(np.arange(30_000, 50_000))
    elif name == "emnist":
        data = fetch_emnist("mnist", subset="test")
    elif name == "letters":
        letters = list(string.ascii_uppercase + "abdefghnqrt")
        data = load_glyphs(10_000, classes=letters, fonts="serif", random_state=1000 + seed)
    else:
        data = fetch_fashion_mnist("test")
    return data.images, data.labels


def corrupted(clean, kinds, fraction, seed):
    """Corrupt a set; images, kinds, and the true parameters, one row an image."""
    given, truth, parameters = Corruptor(kinds, fraction=fraction, random_state=100 + seed).corrupt(
        clean, return_parameters=True
    )
    parameters = parameters.set_index("index").reindex(range(len(given)))
    return given, np.asarray(truth).astype(str), parameters
