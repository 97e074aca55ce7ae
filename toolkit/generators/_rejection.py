"""Discriminator rejection sampling: what a discriminator still tells from real is drawn, and not kept.

Azadi et al. (2019), "Discriminator rejection sampling". The discriminator's logit is no log ratio of densities as it
stands: it was trained with penalties, and knows the training rows. It is made one by a logistic regression on rows that
it was not trained on.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.images import validate_images
from toolkit._core.parameters import check_int, check_number
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState

if TYPE_CHECKING:
    from toolkit.generators._gan import GAN

__all__ = ["RejectionRule", "calibrate_rejection"]

_POOL = 1024  # draws at a time
_LEAST_ROWS = 20
_LEAST_RATE = 1e-3  # of acceptance, below which drawing would hardly end
_USUAL_RATE = 0.1  # of acceptance at least, where nothing else is asked for
_MARGIN = 1e-6


@dataclass(frozen=True)
class RejectionRule:
    """With which probability a draw is kept, given the discriminator's logit of it.

    Parameters
    ----------
    slope, intercept : float
        The log ratio of densities, real to drawn, is ``slope * logit + intercept``.
    greatest : float
        Log ratio from which on a draw is always kept.
    shift : float
        Gamma of the paper: what is taken off all odds of being kept, so that more are, or fewer.
    acceptance_rate : float
        Share of draws that are kept.
    auroc : float
        How well the discriminator tells draws from real rows that it was not trained on; .5: not at all.
    n_real : int

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import GAN, calibrate_rejection
    >>> X = load_digits().images[:100]
    >>> gan = GAN(max_steps=2, random_state=0).fit(X[:60])
    >>> rule = calibrate_rejection(gan, X[60:], n_samples=40)
    >>> rule.n_real, 0 < rule.acceptance_rate <= 1, rule.probabilities([-5.0, 0.0, 5.0]).shape
    (40, True, (3,))
    """

    slope: float
    intercept: float
    greatest: float
    shift: float
    acceptance_rate: float
    auroc: float
    n_real: int

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """With which probability each draw is kept.

        Parameters
        ----------
        logits : array-like of shape (n_samples,)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return _kept(self._ratios(np.asarray(logits, dtype=np.float64)), self.greatest, self.shift)

    def _ratios(self, logits):
        return self.slope * logits + self.intercept


def calibrate_rejection(
    gan: "GAN", X: ArrayLike, *, n_samples: int = 2000, quantile: float | None = None, random_state: RandomState = 0
) -> RejectionRule:
    """Learn which draws of a GAN to keep, from real rows that it was not trained on.

    Parameters
    ----------
    gan : GAN
        Fitted.
    X : array-like of shape (n_rows, height, width[, 3]) or (n_rows, n_features)
        Held-out rows, twenty at least. Training rows would be taken for more real than anything drawn can be.
    n_samples : int, default=2000
        Drawn to be told from them.
    quantile : float in [0, 1], optional
        Of the draws' log odds of being kept, which becomes even odds: the paper has .8, which keeps the clearest and
        less variety than the data have. None keeps draws by the ratio of densities itself, as far as a tenth of them is
        kept.
    random_state : int, RandomState instance or None, default=0

    Returns
    -------
    RejectionRule
        ``gan.sample(n, rejection=rule)`` follows it.

    Raises
    ------
    ValueError
        Too few rows, or rows of another shape or scale.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import GAN, calibrate_rejection
    >>> X = load_digits().images[:400]
    >>> gan = GAN(epochs=2, random_state=0).fit(X[:300])
    >>> rule = calibrate_rejection(gan, X[300:], n_samples=100)
    >>> gan.sample(3, rejection=rule, random_state=0).shape, 0 < rule.acceptance_rate <= 1
    ((3, 28, 28), True)
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    check_int("n_samples", n_samples, _LEAST_ROWS)
    if quantile is not None:
        check_number("quantile", quantile, high=1.0)
    n_real = len(validate_images(gan, X, reset=False))
    if n_real < _LEAST_ROWS:
        raise ValueError(f"X must have at least {_LEAST_ROWS} rows to learn from what to reject, got {n_real}.")
    drawn = gan.discriminator_score(gan._sample(gan.generator_, n_samples, random_state=random_state))
    real = gan.discriminator_score(X)
    scores = np.concatenate([real, drawn])
    is_real = np.repeat([1, 0], [len(real), len(drawn)])
    centre, spread = scores.mean(), max(float(scores.std()), 1e-12)
    model = LogisticRegression().fit(((scores - centre) / spread)[:, None], is_real)
    # A discriminator that takes draws for more real than real rows has nothing to say: then nothing is rejected.
    slope = max(0.0, float(model.coef_[0, 0])) / spread
    prior = math.log(len(real) / len(drawn))
    intercept = float(model.intercept_[0]) - slope * centre - prior if slope else 0.0
    ratios = slope * drawn + intercept
    greatest = float(ratios.max())
    odds = _log_odds(ratios, greatest)
    if not slope:
        shift = -math.inf
    elif quantile is not None:
        shift = float(np.quantile(odds, quantile))
    else:
        shift = 0.0 if _kept(ratios, greatest, 0.0).mean() >= _USUAL_RATE else float(np.quantile(odds, 1 - _USUAL_RATE))
    rate = float(_kept(ratios, greatest, shift).mean())
    return RejectionRule(slope, intercept, greatest, shift, rate, float(roc_auc_score(is_real, scores)), n_real)


def as_rule(gan, rejection):
    """A rule as it is, or one learnt from held-out rows."""
    if isinstance(rejection, RejectionRule):
        return rejection
    return calibrate_rejection(gan, validate_images(gan, rejection, reset=False, name="rejection"))


def draw_accepted(gan, rule, n_samples, random_state, **options):
    """Draws, pool after pool, until enough are kept."""
    draw_seed, keep_seed = spawn_seeds(random_state, 2)
    seeds, keep = as_generator(draw_seed), as_generator(keep_seed)
    kept, n_kept, n_drawn = [], 0, 0
    while n_kept < n_samples:
        rows = gan._sample(gan.generator_, _POOL, random_state=int(seeds.integers(2**31)), **options)
        chosen = rows[keep.random(_POOL) < rule.probabilities(gan.discriminator_score(rows))]
        kept.append(chosen)
        n_kept, n_drawn = n_kept + len(chosen), n_drawn + _POOL
        if n_drawn * _LEAST_RATE > n_kept + 10:
            raise ValueError(
                f"rejection keeps {n_kept} of {n_drawn:,} draws: the rule belongs to another GAN, or its quantile is "
                "too high."
            )
    return np.concatenate(kept)[:n_samples]


def _log_odds(ratios, greatest):
    """Equation 8 of the paper, without its gamma."""
    less = np.minimum(ratios - greatest, 0.0)
    return less - np.log1p(-np.exp(less - _MARGIN))


def _kept(ratios, greatest, shift):
    if shift == -math.inf:
        return np.ones(len(ratios))
    return 1.0 / (1.0 + np.exp(-np.clip(_log_odds(ratios, greatest) - shift, -500.0, 500.0)))
