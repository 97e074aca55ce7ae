"""Which images are the same, pixel for pixel: told by a digest of each, so that copies need no distance."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale

__all__ = ["distinct_rows", "image_digests", "recurring_share"]

_CHUNK = 4096
_OFTEN = 6  # times that a thing occurs, from where its share among the rows is its chance


def image_digests(stack: NDArray, scale: PixelScale) -> NDArray[np.uint64]:
    """A digest of each image on the scale of the data; equal pixels have equal digests whatever dtype they came in.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale

    Returns
    -------
    ndarray of uint64 of shape (n_samples,)
    """
    low, span = 0.5 * scale.low, 0.5 * scale.high - 0.5 * scale.low
    found = np.empty(len(stack), dtype=np.uint64)
    for part in iter_chunks(len(stack), _CHUNK):
        # The same arithmetic for every dtype; 0 is added since -0.0 and 0.0 differ in their bytes alone.
        unit = ((0.5 * stack[part].astype(np.float64) - low) / span).astype(np.float32) + np.float32(0.0)
        rows = np.ascontiguousarray(unit.reshape(len(unit), -1))
        digests = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
        found[part] = np.frombuffer(digests, dtype=np.uint64)
    return found


def distinct_rows(digests: NDArray) -> NDArray[np.intp]:
    """The first row of each digest, in order.

    >>> import numpy as np
    >>> distinct_rows(np.array([7, 3, 7, 3, 1], dtype=np.uint64)).tolist()
    [0, 1, 4]
    """
    return np.sort(np.unique(digests, return_index=True)[1])


def recurring_share(digests: NDArray) -> float:
    """Share of fresh rows that would equal one of these by chance alone, as where images have few pixels or are blank.

    Rows that were copied into a set give no such chance, and are told by how often things occur: chance leaves things
    that occur once, twice, three times and so on, copying leaves gaps.

    Parameters
    ----------
    digests : ndarray of shape (n_samples,)

    Returns
    -------
    float

    Notes
    -----
    The mass of things seen m - 1 times is that of things seen m times (Good and Turing); where things are seen often,
    it is their own share.

    References
    ----------
    .. [1] I. J. Good, The population frequencies of species and the estimation of population parameters,
       Biometrika 40, 1953.

    Examples
    --------
    >>> import numpy as np
    >>> twice, few = np.repeat(np.arange(500), 2), np.random.default_rng(0).integers(9, size=1000)
    >>> recurring_share(twice), recurring_share(few)
    (0.0, 1.0)
    """
    times = np.unique(digests, return_counts=True)[1]
    n_things = np.bincount(times, minlength=_OFTEN + 1)
    mass = sum(m * n_things[m] for m in range(2, _OFTEN) if n_things[m - 1] and not (m == 2 and _copied(n_things)))
    often = times[times >= _OFTEN]
    # Of things that chance repeats, some occur more often than others, and some a little less than often.
    if len(often) < 5 or n_things[_OFTEN - 1] or often.var() >= often.mean() / 4.0:
        mass += often.sum()
    return float(mass / len(digests))


def _copied(n_things):
    """Whether far fewer things occur three times than chance would leave where so many occur twice."""
    due = 2.0 * n_things[2] ** 2 / (3.0 * n_things[1])
    return due >= 5 and n_things[3] < due / 4.0
