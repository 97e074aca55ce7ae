"""How far an image lies from everything that was found clean: what no planted kind prepares for."""

import numpy as np

from toolkit._core.images import iter_chunks

__all__ = ["Novelty", "kth_distance"]

_CHUNK = 2048


class Novelty:
    """Mean distance to the nearest trusted images, in the features of the networks.

    After Ramaswamy et al. (2000), "Efficient algorithms for mining outliers from large data sets", in learnt features.

    Parameters
    ----------
    n_neighbors : int, default=10
    max_reference : int, default=2000
        Trusted images that are kept.

    Attributes
    ----------
    reference_ : ndarray of shape (n_reference, n_features)
    """

    def __init__(self, *, n_neighbors=10, max_reference=2000):
        self.n_neighbors = n_neighbors
        self.max_reference = max_reference

    def fit(self, features, generator):
        if not len(features):
            # Networks that learnt nothing of the set do not know what is usual in it: nothing is near or far.
            self.scale_, self.reference_ = np.ones(features.shape[1]), features
            return self
        if len(features) > self.max_reference:
            features = features[np.sort(generator.choice(len(features), self.max_reference, replace=False))]
        deviation = features.std(axis=0, dtype=np.float64)
        self.scale_ = np.maximum(deviation, 1e-3 * max(float(deviation.mean()), 1e-6))
        self.reference_ = features / self.scale_
        return self

    def score(self, features):
        """Distance of each row of features, higher = stranger.

        The nearest neighbour is left out: for an image of the reference it is the image itself.
        """
        reference = self.reference_
        n_neighbors = min(self.n_neighbors, len(reference) - 1)
        if n_neighbors < 1:
            return np.zeros(len(features))
        scores = np.empty(len(features))
        for part in iter_chunks(len(features), _CHUNK):
            nearest = _nearest(features[part] / self.scale_, reference, n_neighbors)
            scores[part] = (nearest.sum(axis=1) - nearest.min(axis=1)) / n_neighbors
        return scores


def kth_distance(rows, reference, k):
    """Distance of each row to the reference row that is the (k + 1)-th nearest, of shape (n_rows,)."""
    return np.concatenate([_nearest(rows[part], reference, k).max(axis=1) for part in iter_chunks(len(rows), _CHUNK)])


def _nearest(rows, reference, k):
    """Distances to the k + 1 nearest reference rows, in no order; rows in float64, as differences of large numbers."""
    norms = np.einsum("ij,ij->i", reference, reference)
    squares = norms - 2 * rows @ reference.T + np.einsum("ij,ij->i", rows, rows)[:, None]
    return np.sqrt(np.maximum(np.partition(squares, k, axis=1)[:, : k + 1], 0))
