"""Two sets of images by what they look like, neither being the truth: how often each holds each look."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage._duplicates import image_digests
from toolkit.coverage._looks import describe_looks
from toolkit.coverage._neighbourhoods import compare_neighbourhoods, components_of, distinct_with_sides

__all__ = ["LookComparison", "compare_looks"]

_MOST = 2500  # landmarks, and twice as many images that are given to them
_FEWEST = 20  # of each


@dataclass(frozen=True)
class LookComparison:
    """What :func:`compare_looks` finds.

    Parameters
    ----------
    p_value : float
        NaN with too few images.
    more_in_a, more_in_b : ndarray of int
        Images of that set, as rows of it, that too few images of the other set look like, the most uneven first.
    n_asked : int
        Landmarks, of both sets.
    """

    p_value: float
    more_in_a: NDArray[np.intp]
    more_in_b: NDArray[np.intp]
    n_asked: int


def compare_looks(
    stack: NDArray, n_a: int, scale: PixelScale, n_draws: int, generator: np.random.Generator
) -> LookComparison:
    """Hold the first ``n_a`` images against the others.

    A half of all images, of whichever set, are landmarks; the others are given to them, so that every division of these
    into two sets is equally likely if both sets are draws of one thing.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    n_a : int
    scale : PixelScale
    n_draws : int
        Divisions.
    generator : numpy.random.Generator
    """
    distinct = generator.permutation(distinct_with_sides(image_digests(stack, scale), generator))
    size = min(_MOST, len(distinct) // 2)
    landmarks, rows = np.sort(distinct[:size]), np.sort(distinct[size : size + 2 * _MOST])
    is_b = rows >= n_a
    nothing = np.empty(0, dtype=np.intp)
    if min(size, is_b.sum(), (~is_b).sum()) < _FEWEST:
        return LookComparison(float("nan"), nothing, nothing, size)
    looks, others = (describe_looks(stack[part], scale).astype(np.float64) for part in (landmarks, rows))
    to_features = components_of(looks)
    found = compare_neighbourhoods(to_features(looks), to_features(others), is_b, n_draws, generator)
    less_b, more_b = landmarks[found.fewer], landmarks[found.more]
    return LookComparison(found.p_value, less_b[less_b < n_a], more_b[more_b >= n_a] - n_a, size)
