"""Precision, recall, density and coverage: do samples lie among the data, and does the data lie among the samples?"""

from dataclasses import asdict, dataclass

from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import count_within, nearest
from toolkit.coverage._rows import check_positive_int, check_two_samples

__all__ = ["NeighbourFigures", "precision_recall_density_coverage"]


@dataclass(frozen=True)
class NeighbourFigures:
    """What :func:`precision_recall_density_coverage` finds.

    Parameters
    ----------
    precision : float
        Share of samples that lie in the ball of some real row.
    recall : float
        Share of real rows that lie in the ball of some sample.
    density : float
        Balls of real rows that a sample lies in, over ``n_neighbours``; can exceed 1.
    coverage : float
        Share of real rows whose ball holds a sample.

    Examples
    --------
    >>> from toolkit.coverage import precision_recall_density_coverage
    >>> real, samples = [[0.0], [1.0], [2.0], [8.0], [9.0]], [[0.5], [1.5], [1.0]]
    >>> found = precision_recall_density_coverage(real, samples, n_neighbours=1)
    >>> found.precision, found.recall
    (1.0, 0.2)
    >>> sorted(found.as_dict())
    ['coverage', 'density', 'precision', 'recall']
    """

    precision: float
    recall: float
    density: float
    coverage: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


@usual_floating_point
def precision_recall_density_coverage(
    real: ArrayLike, samples: ArrayLike, *, n_neighbours: int = 5
) -> NeighbourFigures:
    """Precision, recall, density and coverage from nearest neighbours.

    The ball of a row reaches to its ``n_neighbours``-th nearest neighbour in its own set; a ball is open. Neighbour
    counts are exact in float64, and 50,000 x 50,000 rows take well below 1 GB.

    Parameters
    ----------
    real : array-like of shape (n_real, n_features)
    samples : array-like of shape (n_samples, n_features)
        Both with more rows than ``n_neighbours``. Precision and recall depend on the numbers of rows: compare figures
        for equal sizes only.
    n_neighbours : int, default=5

    Returns
    -------
    NeighbourFigures

    Raises
    ------
    ValueError
        Too few rows, different features, NaN.

    Notes
    -----
    Precision and density stay high when a generator collapses onto a few good images; recall and coverage fall.
    Coverage at equal sizes is about ``1 - 2 ** -n_neighbours`` for a perfect sampler.

    References
    ----------
    .. [1] T. Kynkäänniemi et al., Improved precision and recall metric for assessing generative models, NeurIPS 2019.
    .. [2] M. F. Naeem et al., Reliable fidelity and diversity metrics for generative models, ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import precision_recall_density_coverage
    >>> rng = np.random.default_rng(0)
    >>> real = np.concatenate([rng.normal(0, 1, (500, 2)), rng.normal(50, 1, (500, 2))])
    >>> found = precision_recall_density_coverage(real, rng.normal(0, 1, (1000, 2)))  # one of two modes
    >>> found.precision > 0.9, 0.4 < found.coverage < 0.55
    (True, True)
    """
    real, samples = check_two_samples("real", real, "samples", samples)
    k = check_positive_int("n_neighbours", n_neighbours)
    for name, rows in (("real", real), ("samples", samples)):
        if len(rows) <= k:
            raise ValueError(f"{name} needs more than n_neighbours={k} rows, got {len(rows)}.")
    found = count_within(
        real,
        samples,
        query_radii=nearest(real, real, k)[0][:, -1],
        row_radii=nearest(samples, samples, k)[0][:, -1],
    )
    return NeighbourFigures(
        precision=float((found["queries_of_row"] > 0).mean()),
        recall=float((found["rows_about_query"] > 0).mean()),
        density=float(found["queries_of_row"].mean() / k),
        coverage=float((found["rows_in_query"] > 0).mean()),
    )
