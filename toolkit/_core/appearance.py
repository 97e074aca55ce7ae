"""What an image looks like, for comparing it with the others of its set: no network, nothing learnt.

Edges by their direction, pooled over cells of a coarse grid: histograms of oriented gradients (Dalal and Triggs, 2005,
"Histograms of oriented gradients for human detection"), with three differences that matter on images of 28 pixels.
Directions are signed, cells overlap smoothly, and there is no normalisation of blocks but a square root and one norm an
image. On handwriting this finds seven in ten mirrored letters at one false alarm in a hundred, scikit-image's ``hog``
with blocks six, blurred pixels five.
"""

import numpy as np
from scipy import ndimage

from toolkit._core.images import iter_chunks, to_grey

__all__ = ["Neighbours", "oriented_gradients"]

# Larger images are averaged down to this many pixels a side; side of a cell; directions.
_SIDE, _CELL, _DIRECTIONS = 32, 3, 12
# Blurs: of the image before its edges are taken, and of a cell, as a share of its side.
_SMOOTH, _OVERLAP = 0.7, 0.6
_CHUNK = 512
# An image compares with at most so many others, and with the mean of its nearest few.
_MOST, _NEAREST = 4000, 5
# Nearer than this is the image itself, or a copy of it: no witness.
_SAME = 1 - 1e-5
_DIGITS = 5


def _reduce(grey):
    """Average a stack (n, height, width) down by a whole factor until no side is longer than ``_SIDE``."""
    factor = -(-max(grey.shape[1:]) // _SIDE)
    if factor == 1:
        return grey
    height, width = (max(1, side // factor) for side in grey.shape[1:])
    trimmed = grey[:, : min(height * factor, grey.shape[1]), : min(width * factor, grey.shape[2])]
    by = tuple(min(factor, side) for side in trimmed.shape[1:])
    return trimmed.reshape(len(grey), height, by[0], width, by[1]).mean(axis=(2, 4))


def oriented_gradients(images):
    """Describe each image by where its edges run which way.

    Parameters
    ----------
    images : ndarray of shape (n, height, width[, 3])
        uint8, or floats of about 0 to 1.

    Returns
    -------
    ndarray of float32, of shape (n, n_values)
        Of length one; zeros for an image of one value.
    """
    parts = [_describe(images[part]) for part in iter_chunks(len(images), _CHUNK)]
    return np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)


def _describe(images):
    grey = to_grey(images).astype(np.float32)
    if images.dtype == np.uint8:
        grey = grey / np.float32(255)
    grey = ndimage.gaussian_filter(_reduce(grey), (0, _SMOOTH, _SMOOTH))
    # Symmetric differences: a mirrored image then has exactly the mirrored edges.
    gy = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=1, mode="nearest")
    gx = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=2, mode="nearest")
    direction = np.arctan2(gy, gx) / (2 * np.pi) * _DIRECTIONS
    below = np.floor(direction)
    weight, below = direction - below, below.astype(int) % _DIRECTIONS
    strength = np.hypot(gx, gy)
    cells = []
    for code in range(_DIRECTIONS):
        share = np.where(below == code, 1 - weight, 0) + np.where((below + 1) % _DIRECTIONS == code, weight, 0)
        pooled = ndimage.gaussian_filter(strength * share, (0, _CELL * _OVERLAP, _CELL * _OVERLAP))
        cells.append(_sample(_sample(pooled, 1), 2).reshape(len(grey), -1))
    values = np.sqrt(np.maximum(np.concatenate(cells, axis=1), 0))
    return (values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)).astype(np.float32)


def _sample(pooled, axis):
    """Values in the middles of the cells along an axis, between pixels where a middle lies there."""
    side = pooled.shape[axis]
    n_cells = max(1, side // _CELL)
    middle = (np.arange(n_cells) + 0.5) * side / n_cells - 0.5
    below = np.minimum(np.floor(middle).astype(int), side - 1)
    shape = [1] * pooled.ndim
    shape[axis] = n_cells
    weight = (middle - below).astype(np.float32).reshape(shape)
    above = np.minimum(below + 1, side - 1)
    return pooled.take(below, axis) * (1 - weight) + pooled.take(above, axis) * weight


class Neighbours:
    """How much an image resembles those of a set most like it.

    Attributes
    ----------
    references_ : ndarray of float32, of shape (n_references, n_values)
    """

    def fit(self, images, generator):
        """Compare with ``images`` (n, height, width[, 3]) from now on, at most 4,000 of them, and return self."""
        if len(images) > _MOST:
            images = images[np.sort(generator.choice(len(images), _MOST, replace=False))]
        self.references_ = oriented_gradients(images)
        return self

    def similarity(self, images):
        """Mean cosine, in [0, 1], between each image and the five most similar ones that are not the image itself.

        Returns
        -------
        ndarray of shape (n,)
        """
        from sklearn.neighbors import NearestNeighbors

        if not len(images):
            return np.empty(0)
        wanted = min(2 * _NEAREST, len(self.references_))
        search = NearestNeighbors(n_neighbors=wanted, algorithm="brute").fit(self.references_)
        distance = search.kneighbors(oriented_gradients(images))[0]
        cosine = 1 - distance.astype(float) ** 2 / 2
        cosine = np.where(cosine > _SAME, -np.inf, cosine)
        best = -np.sort(-cosine, axis=1)[:, : min(_NEAREST, wanted)]
        # Where an image has nothing but copies of itself in the set, it resembles nothing else.
        known = np.isfinite(best)
        mean = np.where(known, best, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        # The last digits of single precision depend on how rows are batched, and an answer must not.
        return mean.round(_DIGITS)
