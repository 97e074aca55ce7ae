"""What is unusual in a set: a level for each image that a sound one exceeds at a stated rate.

A level is learnt from images of which some are faulty, without knowing which. So it rests on the middle of the set and
on the quantile of 75 %, and is extrapolated from there by a Weibull tail between the normal and the exponential one. A
tail that was fitted to the set would be that of the faulty images in it.
Where images have many sizes, what is usual is asked of those of about the same size and of the same sort of colour.

References
----------
S. Coles, "An Introduction to Statistical Modeling of Extreme Values", Springer, 2001.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST", "NORMAL", "SHAPE", "Levels", "context_neighbours", "levels"]

FEWEST = 20  # images from which something can be called unusual among them
_NEIGHBOURS = (40, 400)  # images that are asked what is usual, at least and at most; a quarter of the set in between
_MIDDLE, _UPPER = 0.5, 0.75  # quantiles that a tenth of faulty images moves little
SHAPE = 1.1  # of the Weibull tail: 1 is exponential, 1.45 about normal; statistics of images lie between
NORMAL = 1.45  # of a tail that is no longer than a normal one: sums of many things
_ASIDE, _ROUNDS = 0.01, 10  # share of sound images that is left aside with the faulty ones, and how often at most
_CHUNK = 2048  # rows at a time


@dataclass(frozen=True)
class Levels:
    """What is usual for each image: middle, spread above it (75 % quantile less median), and level of the verdict."""

    middle: NDArray
    spread: NDArray
    level: NDArray


def context_neighbours(context: NDArray) -> NDArray | None:
    """For each row the rows that are most like it in what no fault changes; None where all are alike.

    Parameters
    ----------
    context : ndarray of shape (n_samples, n_features)
        Size and sort of the images, in comparable units.

    Returns
    -------
    ndarray of int of shape (n_samples, n_neighbours) or None
    """
    n_samples = len(context)
    n_neighbours = int(np.clip(n_samples // 4, *_NEIGHBOURS))
    if n_samples <= 2 * _NEIGHBOURS[0] or np.ptp(context, axis=0).max() < 1e-9:
        return None
    from scipy.spatial import KDTree

    # Equal sizes are many: a small spread over the ties keeps the neighbours from being the first rows of them.
    spread = np.random.default_rng(0).normal(0, 1e-6, context.shape)
    return KDTree(context + spread).query(context + spread, k=n_neighbours)[1]


def _quantiles(values: NDArray, neighbours: NDArray) -> tuple[NDArray, NDArray]:
    """Median and 75 % quantile among the neighbours of each row, NaN left out."""
    middle, upper = np.empty(len(neighbours)), np.empty(len(neighbours))
    for start in range(0, len(neighbours), _CHUNK):
        part = values[neighbours[start : start + _CHUNK]]
        middle[start : start + _CHUNK], upper[start : start + _CHUNK] = np.nanquantile(part, [_MIDDLE, _UPPER], axis=1)
    return middle, upper


def _weibull(rate: float, shape: float) -> float:
    """Level of a Weibull tail, in units of the 75 % quantile above the median."""
    return float((np.log(0.5 / rate) / np.log(0.5 / (1 - _UPPER))) ** (1 / shape))


def _tail_factor(standard: NDArray, rate: float, shape: float) -> float:
    """How many spreads above the middle the level lies, from standardised values.

    Faulty images lift the 75 % quantile; those that lie clearly out are left aside, again and again, until what is left
    does not change.
    """
    kept, upper = standard, float(np.quantile(standard, _UPPER))
    for _ in range(_ROUNDS):
        fewer = standard[standard <= upper * _weibull(_ASIDE, shape)]
        if upper <= 1e-12 or len(fewer) == len(kept):
            break
        kept, upper = fewer, float(np.quantile(fewer, _UPPER))
    # No more than a fifth of the spread is laid to faulty images.
    return max(upper, 0.8) * _weibull(rate, shape)


def levels(values: NDArray, neighbours: NDArray | None, rate: float, shape: float = SHAPE) -> Levels:
    """The level that a sound image exceeds at a rate, for each image.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        The more the more suspicious; NaN where nothing is said.
    neighbours : ndarray of int or None
        As :func:`context_neighbours` returns them.
    rate : float
    shape : float, default=1.1
        Of the tail: 1 is exponential, ``NORMAL`` about normal.

    Returns
    -------
    Levels
    """
    said = np.isfinite(values)
    known = values[said]
    middle, upper = np.quantile(known, [_MIDDLE, _UPPER])
    overall = max(upper - middle, 0.0)
    middles, spreads = np.full(len(values), middle), np.full(len(values), overall)
    if neighbours is not None and overall > 0:
        held = np.where(said, values, np.nan)
        enough = np.isfinite(held[neighbours]).sum(axis=1) >= FEWEST
        if enough.any():
            near, above = _quantiles(held, neighbours[enough])
            # A few neighbours tell a middle well and a spread badly: the set has a say in it.
            middles[enough] = near
            spreads[enough] = np.maximum(above - near, 0.5 * overall)
    if overall <= 0:
        return Levels(middles, spreads, middles)
    factor = _tail_factor((known - middles[said]) / spreads[said], rate, shape)
    return Levels(middles, spreads, middles + factor * spreads)
