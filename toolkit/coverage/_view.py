"""The map that a person reads: real and generated points by UMAP, modes by k-means. Verdicts rest on the bins."""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.inherited import import_compiled, keep_compiled
from toolkit.coverage._neighbours import nearest

__all__ = ["CoverageView", "make_view"]

_MAX_MODES = 20
_N_NEIGHBOURS = 15
_NEARLY_BEST = 0.95  # of the best silhouette: a finer map that is nearly as clear says more


@dataclass(frozen=True)
class CoverageView:
    """What :meth:`ModeCoverage.view` finds.

    Parameters
    ----------
    points : DataFrame
        A row a point: x, y, source (``"real"`` or ``"generated"``), row (of the data or the samples), mode.
    modes : DataFrame
        A row a mode: mode, x, y (centre), real, generated (points), real_share, generated_share, ratio.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> ring, other = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> view = ModeCoverage(random_state=0).fit(ring.points).view(other.points[other.labels != 3], n_modes=8)
    >>> view.points["source"].value_counts().to_dict(), int(view.modes["generated"].min())
    ({'real': 400, 'generated': 331}, 0)
    """

    points: pd.DataFrame = field(repr=False)
    modes: pd.DataFrame = field(repr=False)

    def frame(self) -> pd.DataFrame:
        """The points, a row each."""
        return self.points.copy()


def make_view(
    real: NDArray[np.float64],
    samples: NDArray[np.float64] | None,
    *,
    n_rows: int,
    n_samples: int,
    n_modes: int | None,
    generator: np.random.Generator,
) -> CoverageView:
    """Map features of the data and of samples together.

    Parameters
    ----------
    real : ndarray of shape (n, n_components)
    samples : ndarray of shape (m, n_components) or None
    n_rows, n_samples : int
        On the map at most.
    n_modes : int or None
        None takes the largest number up to 20 that is nearly as clear as the best.
    generator : numpy.random.Generator

    Returns
    -------
    CoverageView
    """
    from sklearn.cluster import KMeans

    if samples is None:
        samples = real[:0]
    real_rows = np.sort(generator.permutation(len(real))[:n_rows])
    sample_rows = np.sort(generator.permutation(len(samples))[:n_samples])
    seeds = generator.integers(2**31 - 1, size=2).tolist()
    features = np.concatenate([real[real_rows], samples[sample_rows]])
    places = _map(features, seeds[0])
    n_real = len(real_rows)
    # Modes are those of the data: what only the generator draws falls to the mode that it is nearest to.
    if n_modes is None:
        n_modes = _best_number(places[:n_real], seeds[1])
    model = KMeans(min(n_modes, n_real), n_init=4, random_state=seeds[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct places than modes
        model.fit(places[:n_real])
    mode = model.predict(places)
    points = pd.DataFrame(
        {
            "x": places[:, 0],
            "y": places[:, 1],
            "source": np.repeat(["real", "generated"], [n_real, len(sample_rows)]),
            "row": np.concatenate([real_rows, sample_rows]),
            "mode": mode,
        }
    )
    counts = [np.bincount(part, minlength=model.n_clusters) for part in (mode[:n_real], mode[n_real:])]
    shares = [count / max(1, count.sum()) for count in counts]
    modes = pd.DataFrame(
        {
            "mode": np.arange(model.n_clusters),
            "x": model.cluster_centers_[:, 0],
            "y": model.cluster_centers_[:, 1],
            "real": counts[0],
            "generated": counts[1],
            "real_share": shares[0],
            "generated_share": shares[1],
            "ratio": np.divide(shares[1], shares[0], out=np.full(len(shares[0]), np.nan), where=shares[0] > 0),
        }
    )
    return CoverageView(points, modes)


def _map(features, seed):
    """Two coordinates of each row; few rows or features are placed by principal components, which UMAP cannot."""
    if len(features) <= _N_NEIGHBOURS or features.shape[1] <= 2:
        centred = features - features.mean(axis=0)
        if features.shape[1] > 2:
            centred = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
        return np.pad(centred[:, :2], ((0, 0), (0, max(0, 2 - centred.shape[1])))).astype(np.float64)
    umap = import_compiled("umap", purpose="The map of modes")
    keep_compiled(umap)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed means one thread, and the like
        # UMAP's own 500 epochs for sets of this size change little after 200, and take most of the time.
        # It finds neighbours by calling its compiled distance for each pair; a product of matrices takes a hundredth.
        distances, rows = nearest(features, features, _N_NEIGHBOURS - 1)
        itself = np.arange(len(features), dtype=np.int32)[:, np.newaxis]  # a row is its own first neighbour there
        neighbours = (
            np.hstack([itself, rows.astype(np.int32)]),
            np.hstack([np.zeros(itself.shape, np.float32), distances.astype(np.float32)]),
            None,
        )
        model = umap.UMAP(
            n_neighbors=_N_NEIGHBOURS,
            min_dist=0.1,
            n_epochs=200,
            random_state=seed,
            n_jobs=1,
            precomputed_knn=neighbours,
        )
        found = model.fit_transform(features)
    return np.nan_to_num(np.asarray(found, dtype=np.float64))


def _best_number(places, seed):
    """The largest number of modes whose mean silhouette is nearly the best."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    n_distinct = len(np.unique(places, axis=0))
    scores = {}
    for n_modes in range(2, min(_MAX_MODES, n_distinct - 1) + 1):
        labels = KMeans(n_modes, n_init=2, random_state=seed).fit_predict(places)
        scores[n_modes] = silhouette_score(places, labels, sample_size=min(1500, len(places)), random_state=seed)
    if not scores:
        return 1
    best = max(scores.values())
    return max(n_modes for n_modes, score in scores.items() if score >= min(best, _NEARLY_BEST * best))
