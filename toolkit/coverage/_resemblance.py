"""Do samples look like the data at all? A collapsed generator draws a few things well, an untrained one nothing.

Precision does not tell them apart: rows that lie far out have large balls, and a grey blob in the middle of all digits
lies in several of them. Here a sample must lie in the ball of the one real row that is nearest to it, and may not be
nearer to the middle of the data than real rows are: where there are many dimensions, nothing real is there.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._rows import check_positive_int, check_two_samples

__all__ = ["Resembled", "resemblance"]

_EXTREME = 0.005  # of the real rows: nearest to the middle, farthest off the features, or plainest


@usual_floating_point
def resemblance(real: ArrayLike, samples: ArrayLike, *, n_neighbours: int = 5) -> float:
    """Share of samples that look like some real row.

    They lie within the ball of their nearest real row, which reaches to its ``n_neighbours``-th nearest neighbour among
    the other real rows, and not nearer to the mean of the real rows than all but one in two hundred of these.

    Parameters
    ----------
    real : array-like of shape (n_real, n_features)
        With more rows than ``n_neighbours``.
    samples : array-like of shape (n_samples, n_features)
    n_neighbours : int, default=5

    Returns
    -------
    float
        For a perfect sampler about 0.8 in many dimensions; compare with real rows that were held out.

    Raises
    ------
    ValueError
        Too few rows, different features, NaN.

    References
    ----------
    .. [1] T. Kynkäänniemi et al., Improved precision and recall metric for assessing generative models, NeurIPS 2019,
       section 5: the balls of outlying rows are too large to judge single images by.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import precision_recall_density_coverage, resemblance
    >>> rng = np.random.default_rng(0)
    >>> real, more = rng.normal(size=(2, 500, 30))
    >>> middle = np.zeros((100, 30))
    >>> precision_recall_density_coverage(real, middle).precision, resemblance(real, middle)
    (1.0, 0.0)
    >>> resemblance(real, more) > 0.3
    True
    """
    real, samples = check_two_samples("real", real, "samples", samples)
    k = check_positive_int("n_neighbours", n_neighbours)
    if len(real) <= k:
        raise ValueError(f"real needs more than n_neighbours={k} rows, got {len(real)}.")
    return float(Resembled(real, k).judge(samples).mean())


class Resembled:
    """Real rows, ready to be compared with samples.

    Parameters
    ----------
    rows : ndarray of shape (n_real, n_features)
        More than ``n_neighbours``.
    n_neighbours : int
    contrast : ndarray of shape (n_real,), optional
        Of the images. With it, the last column of the rows says how far off the features each is: farther than real
        rows is unlike them, and so is less contrast, as of a blank image beside the plainest real ones.
    """

    def __init__(
        self, rows: NDArray[np.float64], n_neighbours: int, *, contrast: NDArray[np.float64] | None = None
    ) -> None:
        self.rows, self.middle = rows, rows.mean(axis=0)
        self.most = np.inf if contrast is None else np.quantile(rows[:, -1], 1.0 - _EXTREME)
        self.plainest = -np.inf if contrast is None else np.quantile(contrast, _EXTREME)
        self.radii = nearest(rows, rows, n_neighbours)[0][:, -1]  # the others: a row is not its own neighbour
        self.least = np.quantile(np.linalg.norm(rows - self.middle, axis=1), _EXTREME)

    def judge(self, samples: NDArray[np.float64], contrast: NDArray[np.float64] | float = np.inf) -> NDArray[np.bool_]:
        """Which samples look like some row: bool of shape (n_samples,)."""
        distances, rows = nearest(samples, self.rows)
        # Closed balls, or a repeat of a row that the data repeats, too, would not resemble it.
        near = distances[:, 0] <= self.radii[rows[:, 0]]
        far = np.linalg.norm(samples - self.middle, axis=1) >= self.least * (1.0 - 1e-9)
        on = samples[:, -1] <= self.most * (1.0 + 1e-9)
        return near & far & on & (contrast >= self.plainest * (1.0 - 1e-9))
