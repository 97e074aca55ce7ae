"""Rows that are most like each row of a set."""

import numpy as np

from toolkit._core.images import iter_chunks

__all__ = ["nearest_rows"]

_N_NEIGHBOURS, _N_COMPONENTS, _CHUNK = 5, 50, 1024


def nearest_rows(unit: np.ndarray) -> np.ndarray:
    """Nearest other rows of each row (n, n_values), by distance on principal components: (n, at most 5).

    Examples
    --------
    >>> nearest_rows(np.array([[0.0], [1.0], [1.5], [9.0]])).tolist()
    [[1, 2, 3], [2, 0, 3], [1, 0, 3], [2, 1, 0]]
    """
    from sklearn.decomposition import PCA

    n_rows = len(unit)
    if n_rows == 1:
        return np.zeros((1, 1), dtype=np.int64)
    n_components = min(_N_COMPONENTS, *unit.shape)
    features = PCA(n_components, svd_solver="randomized", random_state=0).fit_transform(unit).astype(np.float32)
    squares, n_kept = np.square(features).sum(axis=1), min(_N_NEIGHBOURS, n_rows - 1)
    found = np.empty((n_rows, n_kept), dtype=np.int64)
    for part in iter_chunks(n_rows, _CHUNK):
        distance = squares - 2.0 * features[part] @ features.T
        distance[np.arange(len(distance)), np.arange(n_rows)[part]] = np.inf
        near = np.argpartition(distance, n_kept - 1, axis=1)[:, :n_kept]
        order = np.argsort(np.take_along_axis(distance, near, axis=1), axis=1, kind="stable")
        found[part] = np.take_along_axis(near, order, axis=1)
    return found
