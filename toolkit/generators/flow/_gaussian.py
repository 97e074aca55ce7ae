"""What a normal distribution of the data would answer: the part of a flow that needs no training.

For normal data the best estimates of data and noise, given a point of the path, are linear and known. A network that is
asked for the remainder alone starts from samples with the mean and the covariance of the data (Wang and Vastola, 2024,
"The unreasonable effectiveness of Gaussian score approximation for diffusion models and its applications").
"""

import numpy as np
import torch
from torch import nn

from toolkit.generators.flow._paths import PATHS, Point, velocity

__all__ = ["GaussianStart", "learn_gaussian"]

_MOST_COMPONENTS = 256
_LEAST_VARIANCE = 1e-4


def learn_gaussian(rows: np.ndarray, codes: np.ndarray | None, n_conditions: int, seed: int) -> dict[str, np.ndarray]:
    """Means and covariance of rows.

    Parameters
    ----------
    rows : ndarray of shape (n, n_values)
        In [-1, 1].
    codes : ndarray of int of shape (n,), or None
        Condition of each row.
    n_conditions : int
    seed : int

    Returns
    -------
    dict
        ``means`` (1 + n_conditions, n_values): of all, and how those of each condition differ from it;
        ``components`` (k, n_values) and ``variances`` (k,) of what is left within conditions; ``rest``, the variance of
        each direction beyond them.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.generators.flow import learn_gaussian
    >>> rows = np.array([[0.0, 0.5], [0.0, -0.5], [1.0, 0.5], [1.0, -0.5]])
    >>> found = learn_gaussian(rows, np.array([0, 0, 1, 1]), 2, seed=0)
    >>> found["means"].tolist(), found["variances"].round(2).tolist()
    ([[0.5, 0.0], [-0.5, 0.0], [0.5, 0.0]], [0.25, 0.0])
    """
    from sklearn.utils.extmath import randomized_svd

    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    means = np.zeros((1 + n_conditions, rows.shape[1]), dtype=np.float32)
    means[0] = mean
    left = rows - mean
    if codes is not None:
        for code in np.unique(codes):
            means[1 + code] = left[codes == code].mean(axis=0)
        left = left - means[1:][codes]
    n_components = min(_MOST_COMPONENTS, *left.shape)
    _, singular, components = randomized_svd(left, n_components, random_state=seed)
    variances = np.square(singular) / len(left)
    n_rest = left.shape[1] - n_components
    rest = (np.square(left).sum() / len(left) - variances.sum()) / n_rest if n_rest else 0.0
    found = {"means": means, "components": components, "variances": variances, "rest": np.array(max(rest, 0.0))}
    return {name: values.astype(np.float32) for name, values in found.items()}


class GaussianStart(nn.Module):
    """Points (n, ...), times (n,) and weights of conditions to what normal data would be behind them.

    Parameters
    ----------
    n_values, n_components, n_conditions : int
    path : str
    """

    def __init__(self, n_values, n_components, n_conditions, path):
        super().__init__()
        self.path = path
        self.register_buffer("means", torch.zeros(1 + n_conditions, n_values))
        self.register_buffer("components", torch.zeros(n_components, n_values))
        self.register_buffer("variances", torch.zeros(n_components))
        self.register_buffer("rest", torch.zeros(()))

    def forward(self, x, time, conditions):
        path, flat, time = PATHS[self.path], x.flatten(1), time[:, None]
        a, s = path.data(time), path.noise(time)
        mean = self.means[0] + conditions @ self.means[1:]
        centred = flat - a * mean
        within = centred @ self.components.T  # (n, n_components)
        beyond = centred - within @ self.components
        # Shares of what is seen that are data, by the variances of both.
        seen = (a.square() * self.variances + s.square()).clamp_min(_LEAST_VARIANCE)
        seen_beyond = (a.square() * self.rest + s.square()).clamp_min(_LEAST_VARIANCE)
        data = mean + a * ((within * self.variances / seen) @ self.components + beyond * self.rest / seen_beyond)
        noise = s * ((within / seen) @ self.components + beyond / seen_beyond)
        moved = velocity(path, data, noise, time)
        return Point(*(part.reshape(x.shape) for part in (moved, data, noise)))
