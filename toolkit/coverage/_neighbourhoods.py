"""How unevenly two kinds of image lie about landmarks, and about which: a permutation test, exact at any size."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from toolkit.coverage._neighbours import nearest

__all__ = ["Neighbourhoods", "compare_neighbourhoods", "components_of", "distinct_with_sides"]

_COMPONENTS, _ROWS_PER_COMPONENT = 50, 10
_GIVEN = 10  # landmarks that an image is given to
_COUNTED = 10  # landmarks that are counted together
_NOTHING = 1e-6  # of the largest variance: less than that is rounding
_AT_A_TIME = 250  # labellings
_LEVEL = 0.05


@dataclass(frozen=True)
class Neighbourhoods:
    """What :func:`compare_neighbourhoods` finds.

    Parameters
    ----------
    p_value : float
    fewer, more : ndarray of int
        Landmarks about which fewer, or more, images are marked than chance leaves about any (in 95 of 100 labellings
        there is none), the most uneven first.
    ratios : ndarray of shape (n_landmarks,)
        Marked images about each landmark, to how many are due there.

    References
    ----------
    .. [1] M. F. Schilling, Multivariate two-sample tests based on nearest neighbors, Journal of the American
       Statistical Association 81, 1986.
    .. [2] P. H. Westfall and S. S. Young, Resampling-based multiple testing, Wiley, 1993 (the least of many).
    """

    p_value: float
    fewer: NDArray[np.intp]
    more: NDArray[np.intp]
    ratios: NDArray[np.float64]


def components_of(landmarks: NDArray[np.float64]) -> Callable[[NDArray], NDArray[np.float64]]:
    """What turns looks into principal components of the landmarks, the lesser ones raised halfway to equal width."""
    mean = landmarks.mean(axis=0)
    variance, axes = np.linalg.eigh((landmarks - mean).T @ (landmarks - mean) / len(landmarks))
    n_components = min(_COMPONENTS, max(1, len(landmarks) // _ROWS_PER_COMPONENT))
    kept = np.flatnonzero(variance > max(_NOTHING * variance[-1], 1e-12))[-n_components:]
    matrix = axes[:, kept] / variance[kept] ** 0.25 if len(kept) else axes[:, :1] * 0.0
    return lambda looks: (looks - mean) @ matrix


def distinct_with_sides(digests: NDArray, generator: np.random.Generator) -> NDArray[np.intp]:
    """One row of each digest, drawn from those that have it, in order.

    An image that occurs several times counts once, on a side that is drawn from those it is on: a burst of copies is no
    mode.
    """
    order = generator.permutation(len(digests))
    return np.sort(order[np.unique(digests[order], return_index=True)[1]])


def compare_neighbourhoods(
    landmarks: NDArray[np.float64],
    images: NDArray[np.float64],
    is_marked: NDArray[np.bool_],
    n_draws: int,
    generator: np.random.Generator,
) -> Neighbourhoods:
    """Are marked images among the others where chance would put them?

    Parameters
    ----------
    landmarks : ndarray of shape (n_landmarks, n_components)
        At least two.
    images : ndarray of shape (n_images, n_components)
        None of which had a part in choosing the landmarks.
    is_marked : ndarray of bool of shape (n_images,)
    n_draws : int
        Labellings of the same images that are drawn beside the one that was found.
    generator : numpy.random.Generator

    Returns
    -------
    Neighbourhoods
        Its p-value is of the mean fourth power of how far landmarks are from their due: a few that lack much are what a
        missing mode leaves; squares have as much from many that lack a little by chance.
    """
    weights = _weights(landmarks, images)
    share, n_images = is_marked.mean(), len(images)
    # Of labels drawn without putting back, which all together have no variance.
    squares, sums = (np.asarray(values.sum(axis=1)).ravel() for values in (weights.multiply(weights), weights))
    variance = share * (1.0 - share) * (squares - np.square(sums) / n_images) * n_images / (n_images - 1.0)
    usable = np.flatnonzero(variance > 1e-6 * sums)
    nothing, due = np.empty(0, dtype=np.intp), share * sums
    ratios = np.divide(weights @ is_marked.astype(np.float64), due, out=np.ones(len(sums)), where=due > 0)
    if not len(usable):
        return Neighbourhoods(1.0, nothing, nothing, ratios)
    weights, spread = weights[usable], np.sqrt(variance[usable])[:, None]
    labels = [is_marked] + [generator.permutation(is_marked) for _ in range(n_draws)]
    found, powers, least, most = np.empty(0), [], [], []
    for start in range(0, n_draws + 1, _AT_A_TIME):
        columns = np.stack(labels[start : start + _AT_A_TIME], axis=1).astype(np.float32) - np.float32(share)
        z = (weights @ columns) / spread
        found = found if start else z[:, 0]
        powers.append(np.square(np.square(z)).mean(axis=0))
        least.append(z.min(axis=0))
        most.append(z.max(axis=0))
    first, *others = np.concatenate(powers).tolist()
    order = np.argsort(found, kind="stable")
    fewer = order[found[order] < np.quantile(np.concatenate(least)[1:], _LEVEL)]
    more = order[found[order] > np.quantile(np.concatenate(most)[1:], 1.0 - _LEVEL)][::-1]
    p_value = float((1 + (np.array(others) >= first * (1.0 - 1e-6)).sum()) / (1 + n_draws))
    return Neighbourhoods(p_value, usable[fewer], usable[more], ratios)


def _weights(landmarks, images):
    """How much each image counts for each landmark, sparse, of shape (n_landmarks, n_images)."""
    n_landmarks = len(landmarks)
    n_given, n_counted = min(_GIVEN, n_landmarks), min(_COUNTED, n_landmarks)
    given = _links(nearest(images, landmarks, n_given)[1], n_landmarks)
    own = np.arange(n_landmarks)
    together = _links(np.column_stack([own, nearest(landmarks, landmarks, n_counted - 1)[1]]), n_landmarks)
    return (together @ given.T).tocsr()


def _links(columns, n_columns):
    n_rows, n_each = columns.shape
    starts = np.arange(n_rows + 1) * n_each
    return csr_matrix((np.ones(columns.size, np.float32), columns.ravel(), starts), (n_rows, n_columns))
