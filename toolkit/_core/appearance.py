"""What an image looks like, for comparing it with the others of its set: no network, nothing learnt.

Edges by their direction, pooled over cells of a coarse grid: histograms of oriented gradients (Dalal and Triggs, 2005,
"Histograms of oriented gradients for human detection"), with three differences that matter on images of 28 pixels.
Directions are signed, cells overlap smoothly, and there is no normalisation of blocks but a square root and one norm an
image. On handwriting this finds seven in ten mirrored letters at one false alarm in a hundred, scikit-image's ``hog``
with blocks six, blurred pixels five.
"""

from functools import lru_cache, partial
from weakref import WeakKeyDictionary

import numpy as np
from scipy import ndimage

from toolkit._core.geometry import dihedral
from toolkit._core.images import iter_chunks, to_grey
from toolkit._core.symmetric_cosines import SymmetricCosines

__all__ = ["Neighbours", "oriented_gradients", "under_symmetry"]

# Larger images are averaged down to this many pixels a side; side of a cell; directions.
_SIDE, _CELL, _DIRECTIONS = 32, 3, 12
# Blurs: of the image before its edges are taken, and of a cell, as a share of its side.
_SMOOTH, _OVERLAP = 0.7, 0.6
_CHUNK, _COMPARED = 512, 1024
# An image compares with at most so many others, and with the mean of its nearest few.
_MOST, _NEAREST = 4000, 5
# Nearer than this is the image itself, or a copy of it: no witness.
_SAME = 1 - 1e-5
_DIGITS = 5
# What cosines under symmetries are made from, by whose references they are: no part of a model that is saved.
_SYMMETRIC: "WeakKeyDictionary[Neighbours, tuple]" = WeakKeyDictionary()
# Of the columns among which the largest few are looked for.
_BLOCKS = 128


def _reduce(grey):
    """Average a stack (n, height, width) down by a whole factor until no side is longer than ``_SIDE``."""
    factor = -(-max(grey.shape[1:]) // _SIDE)
    if factor == 1:
        return grey
    by = [min(factor, side) for side in grey.shape[1:]]
    height, width = _reduced(grey.shape[1:])
    # What does not fill a cell of its own is left out on both sides alike.
    top, left = (grey.shape[1] - height * by[0]) // 2, (grey.shape[2] - width * by[1]) // 2
    trimmed = grey[:, top : top + height * by[0], left : left + width * by[1]]
    return trimmed.reshape(len(grey), height, by[0], width, by[1]).mean(axis=(2, 4))


def _reduced(size):
    """Height and width of an image of that size once it is averaged down."""
    factor = -(-max(size) // _SIDE)
    return tuple(max(1, side // factor) for side in size)


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


def under_symmetry(described, size, symmetry):
    """What :func:`oriented_gradients` would say of the images under a symmetry (of ``toolkit._core.geometry``).

    Its values only change places: exactly for images that need no averaging down, or lose nothing by it.

    Parameters
    ----------
    described : ndarray of shape (n, n_values)
    size : tuple of int
        Height and width of the images.
    symmetry : str
    """
    return described[:, _moved(*_reduced(size), symmetry)]


def _describe(images):
    grey = to_grey(images).astype(np.float32)
    if images.dtype == np.uint8:
        grey = grey / np.float32(255)
    grey = ndimage.gaussian_filter(_reduce(grey), (0, _SMOOTH, _SMOOTH))
    # Symmetric differences: a mirrored image then has exactly the mirrored edges.
    gy = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=1, mode="nearest")
    gx = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=2, mode="nearest")
    direction = np.arctan2(gy, gx) / np.float32(2 * np.pi) * _DIRECTIONS
    below = np.floor(direction)
    weight, strength = direction - below, np.hypot(gx, gy)
    # An edge counts for the two directions that it lies between: (n, directions, height, width).
    edges = np.zeros((len(grey), _DIRECTIONS, *grey.shape[1:]), dtype=np.float32)
    there = np.flatnonzero(strength)
    weight, strength, below = weight.ravel()[there], strength.ravel()[there], below.ravel()[there].astype(np.intp)
    size, flat = grey[0].size, edges.ravel()
    place = there + there // size * ((_DIRECTIONS - 1) * size)  # of the first direction
    steps = np.arange(-_DIRECTIONS // 2, _DIRECTIONS // 2 + 2) % _DIRECTIONS * size
    below += _DIRECTIONS // 2
    flat[place + steps[below]] = strength * (1 - weight)
    flat[place + steps[below + 1]] = strength * weight
    rows, columns = (_pooling(side) for side in grey.shape[1:])
    cells = rows @ edges @ columns.T  # (n, directions, cells down, cells across)
    values = np.sqrt(np.maximum(cells.reshape(len(grey), -1), 0))
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)


@lru_cache
def _pooling(side):
    """Matrix (n_cells, side) that blurs along an axis and takes the middles of the cells, between pixels if need be."""
    n_cells = _n_cells(side)
    blurred = ndimage.gaussian_filter1d(np.eye(side, dtype=np.float32), _CELL * _OVERLAP, axis=0)
    middle = (np.arange(n_cells) + 0.5) * side / n_cells - 0.5
    below = np.minimum(np.floor(middle).astype(int), side - 1)
    weight = (middle - below).astype(np.float32)[:, None]
    return blurred[below] * (1 - weight) + blurred[np.minimum(below + 1, side - 1)] * weight


def _n_cells(side):
    return max(1, side // _CELL)


@lru_cache
def _moved(height, width, symmetry):
    """Where each value of a described image stands once the image (of that reduced size) is under a symmetry."""
    shape = (_DIRECTIONS, _n_cells(height), _n_cells(width))
    places = dihedral(np.arange(np.prod(shape)).reshape(shape), symmetry)
    # What the symmetry does to an edge is what it does to the gradient of a ramp.
    across, down = np.meshgrid(np.arange(3.0), np.arange(3.0))
    ramps = dihedral(np.stack([across, down]), symmetry)
    (xx, xy), (yx, yy) = (((ramp[1, 2] - ramp[1, 0]) / 2, (ramp[2, 1] - ramp[0, 1]) / 2) for ramp in ramps)
    angle = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    x, y = np.cos(angle) * xx + np.sin(angle) * yx, np.cos(angle) * xy + np.sin(angle) * yy
    moved = np.rint(np.arctan2(y, x) / (2 * np.pi) * _DIRECTIONS).astype(int) % _DIRECTIONS
    return places[np.argsort(moved)].ravel()


def _largest(values, n):
    """The ``n`` largest values of each row, in any order.

    Of many columns first the largest of each block are taken: the ``n`` largest of all lie in the ``n`` blocks with the
    largest of these.

    Examples
    --------
    >>> values = np.random.default_rng(0).normal(size=(3, 2000)).astype(np.float32)
    >>> bool((np.sort(_largest(values, 10)) == np.sort(values)[:, -10:]).all())
    True
    """
    n_rows, n_columns = values.shape
    length = n_columns // _BLOCKS
    if n > _BLOCKS or length < 4:
        return np.partition(values, n_columns - n, axis=1)[:, -n:]
    # Columns b, b + _BLOCKS, b + 2 _BLOCKS ... are block b: the maximum then runs along memory.
    whole = values[:, : length * _BLOCKS].reshape(n_rows, length, _BLOCKS)
    kept = np.argpartition(whole.max(axis=1), _BLOCKS - n, axis=1)[:, -n:]
    taken = np.take_along_axis(whole, kept[:, None], axis=2).reshape(n_rows, -1)
    some = np.concatenate([taken, values[:, length * _BLOCKS :]], axis=1)
    return np.partition(some, some.shape[1] - n, axis=1)[:, -n:]


class Neighbours:
    """How much an image resembles those of a set most like it.

    Parameters
    ----------
    most : int
        An image is compared with at most so many others.

    Attributes
    ----------
    references_ : ndarray of float32, of shape (n_references, n_values)
    """

    def __init__(self, most=_MOST):
        self.most = most

    def fit(self, images, generator):
        """Compare with ``images`` (n, height, width[, 3]) from now on, or some of them, and return self."""
        if len(images) > self.most:
            images = images[np.sort(generator.choice(len(images), self.most, replace=False))]
        self.references_ = oriented_gradients(images)
        return self

    def similarity(self, images):
        """Mean cosine, in [0, 1], between each image and the five most similar ones that are not the image itself.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self.similarity_of(oriented_gradients(images))

    def similarity_of(self, described):
        """The same of images that were described already."""
        parts = [self._similarity(described[part]) for part in iter_chunks(len(described), _COMPARED)]
        return np.concatenate(parts) if parts else np.empty(0)

    def similarity_under(self, described, size, symmetries):
        """The same of described images under symmetries of them.

        Parameters
        ----------
        described : ndarray of shape (n, n_values)
        size : tuple of int
            Height and width of the images.
        symmetries : sequence of str
            Of ``toolkit._core.geometry``, ``"identity"`` among them.

        Returns
        -------
        ndarray of shape (n, n_symmetries)
        """
        found = np.empty((len(described), len(symmetries)))
        for rows, cosines in self._symmetric(size).chunks(described, tuple(symmetries)):
            for column, symmetry in enumerate(symmetries):
                found[rows, column] = _mean_of_nearest(cosines[symmetry])
        return found

    def _symmetric(self, size):
        held = _SYMMETRIC.get(self)
        if held is None or held[0] is not self.references_ or held[1] != tuple(size):
            cosines = SymmetricCosines(self.references_, partial(_moved, *_reduced(size)))
            held = _SYMMETRIC[self] = (self.references_, tuple(size), cosines)
        return held[2]

    def _similarity(self, described):
        # All have length one, so that one product of matrices holds every cosine.
        return _mean_of_nearest(described @ self.references_.T)


def _mean_of_nearest(cosine):
    """Mean of the largest few of each row that are not the image itself, to digits that do not depend on batches."""
    cosine = _largest(cosine, min(2 * _NEAREST, cosine.shape[1])).astype(float)
    cosine = np.where(cosine > _SAME, -np.inf, cosine)
    best = -np.sort(-cosine, axis=1)[:, :_NEAREST]
    # Where an image has nothing but copies of itself in the set, it resembles nothing else.
    known = np.isfinite(best)
    mean = np.where(known, best, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    # The last digits of single precision depend on how rows are batched, and an answer must not.
    return mean.round(_DIGITS)
