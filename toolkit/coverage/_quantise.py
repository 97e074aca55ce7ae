"""Bins of the feature space by k-means: made, filled, tested for how much their making flatters them, and grouped."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from toolkit.coverage._neighbours import nearest
from toolkit.coverage._tests import compare_shares

__all__ = ["assign_bins", "connect_bins", "group_bins", "make_bins", "measure_dispersion", "neighbouring_bins"]

_MAX_ITER = 100
_MAX_AUTO_GROUPS = 50
_CLEAR_GAP = 2.5  # by which merges between separate groups must be wider than the widest merge within one


def make_bins(features: NDArray[np.float64], n_bins: int, seed: int) -> NDArray[np.float64]:
    """Centres of at most ``n_bins`` bins, none of them empty, of shape (n_bins, n_components)."""
    model = KMeans(n_bins, n_init=1, max_iter=_MAX_ITER, random_state=seed)
    with warnings.catch_warnings():
        # Fewer distinct rows than bins: the bins left empty are dropped below.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features)
    centres = model.cluster_centers_.astype(np.float64)
    return centres[np.unique(assign_bins(features, centres))]


def assign_bins(features: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the nearest centre of each row, exact in float64, whatever other rows come with it."""
    return nearest(features, centres)[1][:, 0]


def measure_dispersion(
    features: NDArray[np.float64], n_bins: int, n_splits: int, generator: np.random.Generator
) -> float:
    """By how much the counts of fresh rows vary beyond chance, since k-means has seen the rows that it counts.

    Bins are made anew from one half of the rows, then both halves are compared bin by bin; half the rows against the
    other half, both ways round.

    Returns
    -------
    float
        Mean square of the z-values, at least 1.
    """
    half = len(features) // 2
    if half < 2 or n_bins < 2:
        return 1.0
    squares = []
    for _ in range(n_splits):
        order = generator.permutation(len(features))
        parts = features[order[:half]], features[order[half : 2 * half]]
        for seen, fresh in (parts, parts[::-1]):
            centres = make_bins(seen, min(n_bins, half), int(generator.integers(2**31 - 1)))
            counts = [np.bincount(assign_bins(rows, centres), minlength=len(centres)) for rows in (seen, fresh)]
            if len(centres) > 1:
                z, _ = compare_shares(counts[0], half, counts[1], half)
                squares.append(np.square(z).mean())
    return max(1.0, float(np.mean(squares))) if squares else 1.0


def group_bins(centres: NDArray[np.float64], n_groups: int | str) -> tuple[NDArray[np.intp], bool]:
    """Group bins into modes by Ward's linkage of their centres.

    Parameters
    ----------
    centres : ndarray of shape (n_bins, n_components)
    n_groups : int or "auto"
        ``"auto"`` cuts where the widest relative gap between merges is; where no gap is clear, at the largest mean
        silhouette.

    Returns
    -------
    labels : ndarray of shape (n_bins,)
    separate : bool
        Whether a clear gap parts the groups; True for a number that was given.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    n_bins = len(centres)
    if n_bins == 1:
        return np.zeros(1, dtype=np.intp), True
    tree = linkage(centres, "ward")
    separate = True
    if n_groups == "auto":
        heights = tree[::-1, 2]  # heights[k - 2] joins k groups into k - 1
        last = min(_MAX_AUTO_GROUPS, n_bins - 1, max(2, n_bins // 2))
        gaps = [heights[k - 2] / heights[k - 1] if heights[k - 1] > 0 else np.inf for k in range(2, last + 1)]
        if gaps and max(gaps) >= _CLEAR_GAP:
            n_groups = 2 + int(np.argmax(gaps))
        else:
            separate, n_groups = False, _by_silhouette(centres, tree, n_bins)
    labels = fcluster(tree, min(n_groups, n_bins), "maxclust") - 1
    return labels.astype(np.intp), separate


def _by_silhouette(centres, tree, n_bins):
    from scipy.cluster.hierarchy import fcluster
    from sklearn.metrics import silhouette_score

    best, best_score = 1, -np.inf
    for k in range(2, min(20, n_bins - 1) + 1):
        labels = fcluster(tree, k, "maxclust")
        if 1 < len(np.unique(labels)) < n_bins:
            score = silhouette_score(centres, labels)
            if score > best_score:
                best, best_score = k, score
    return best


def neighbouring_bins(
    features: NDArray[np.float64], centres: NDArray[np.float64], n_neighbours: int = 3
) -> NDArray[np.intp]:
    """Bins next to each bin: those that its rows would most often fall into if it were not there.

    Returns
    -------
    ndarray of shape (n_bins, n_neighbours)
        -1 where there are no more.
    """
    n_bins = len(centres)
    found = np.full((n_bins, n_neighbours), -1, dtype=np.intp)
    if n_bins < 2:
        return found
    first, second = nearest(features, centres, 2)[1].T
    counts = coo_matrix((np.ones(len(first)), (first, second)), (n_bins, n_bins)).toarray()
    order = np.argsort(-counts, axis=1, kind="stable")[:, :n_neighbours]
    width = order.shape[1]
    found[:, :width] = np.where(np.take_along_axis(counts, order, axis=1) > 0, order, -1)
    return found


def connect_bins(
    chosen: NDArray[np.intp], neighbours: NDArray[np.intp], mode_of_bin: NDArray[np.intp] | None = None
) -> list[NDArray[np.intp]]:
    """Chosen bins in groups that hang together: a list of arrays of bins, the largest group first.

    Bins hang together that are next to each other and, where ``mode_of_bin`` is given, that are of one mode.
    """
    chosen = np.asarray(chosen, dtype=np.intp)
    if not len(chosen):
        return []
    place = {int(bin_): i for i, bin_ in enumerate(chosen)}
    links = [(i, place[int(j)]) for i, bin_ in enumerate(chosen) for j in neighbours[bin_] if int(j) in place]
    if mode_of_bin is not None:
        first: dict[int, int] = {}
        links += [(i, first.setdefault(int(mode_of_bin[bin_]), i)) for i, bin_ in enumerate(chosen)]
    rows, columns = np.array(links, dtype=np.intp).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows)), (rows, columns)), (len(chosen), len(chosen)))
    n_groups, label = connected_components(graph, directed=False)
    groups = [chosen[label == group] for group in range(n_groups)]
    return sorted(groups, key=lambda group: (-len(group), int(group[0])))
