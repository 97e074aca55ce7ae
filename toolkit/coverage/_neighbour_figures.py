"""All figures by nearest neighbours at once, from two looks at the pairs that are close."""

import numpy as np
from numpy.typing import NDArray

from toolkit.coverage._clipped import clipped_from_counts
from toolkit.coverage._neighbours import close_pairs, count_within, nearest
from toolkit.coverage._probabilistic import REACH, SOFT_NEIGHBOURS, chance_of_none

__all__ = ["neighbour_figures"]


def neighbour_figures(real: NDArray[np.float64], samples: NDArray[np.float64], n_neighbours: int) -> dict[str, float]:
    """Figures of two sets of rows by name: clipped, probabilistic and plain ones.

    Balls are closed: where the data holds more equal rows than ``n_neighbours``, their balls have no width, and a
    sample that equals them must still lie in one.

    Parameters
    ----------
    real, samples : ndarray of shape (n, n_components + 1)
        At least two rows each; the last column is the remainder.
    n_neighbours : int
        Clipped to what there are.

    Returns
    -------
    dict of str to float
    """
    n_real, n_samples = len(real), len(samples)
    k = min(n_neighbours, n_real - 1, n_samples - 1)
    soft = min(SOFT_NEIGHBOURS, n_real - 1, n_samples - 1)
    widths = [nearest(rows, rows, max(k, soft))[0] for rows in (real, samples)]
    radii, sample_radii = (width[:, k - 1] for width in widths)
    reach, sample_reach = (REACH * float(width[:, soft - 1].mean()) for width in widths)
    clipped = np.minimum(radii, np.median(radii))
    balls, clipped_balls, missed = np.zeros(n_samples), np.zeros(n_samples), np.zeros(n_samples)
    reached = np.zeros(n_real)
    for i, j, distances in close_pairs(real, samples, np.maximum(radii, reach)):
        inside = distances <= radii[i]
        reached += np.bincount(i[inside], minlength=n_real)
        balls += np.bincount(j[inside], minlength=n_samples)
        clipped_balls += np.bincount(j[distances <= clipped[i]], minlength=n_samples)
        missed += chance_of_none(j, distances, reach, n_samples)
    found, real_missed = np.zeros(n_real, dtype=bool), np.zeros(n_real)
    for i, j, distances in close_pairs(samples, real, np.maximum(sample_radii, sample_reach)):
        found[j[distances <= sample_radii[i]]] = True
        real_missed += chance_of_none(j, distances, sample_reach, n_real)
    own = count_within(real, real, query_radii=clipped, closed=True)["queries_of_row"] - 1
    return clipped_from_counts(clipped_balls, own, reached, k).as_dict() | {
        "p_precision": float(1.0 - np.exp(missed).mean()),
        "p_recall": float(1.0 - np.exp(real_missed).mean()),
        "precision": float((balls > 0).mean()),
        "recall": float(found.mean()),
        "density": float(balls.mean() / k),
        "coverage": float((reached > 0).mean()),
    }
