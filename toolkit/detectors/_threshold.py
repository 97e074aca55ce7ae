"""Where normal ends: thresholds on scores, and the mixin that turns scores into +1 and -1."""

import math
import numbers
import warnings
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OutlierMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import is_number
from toolkit._core.types import Contamination

__all__ = ["ScoreThresholdMixin", "all_alike", "check_contamination", "robust_cut"]

# A normal variable's standard deviation is 1.4826 times its MAD and 1.2533 times its mean absolute deviation.
_MAD_TO_SD = 1.4826
_MEAN_AD_TO_SD = 1.2533

_TIE = "A row that ties with the threshold is an inlier."
_FEW_ROWS = 10  # of which a majority says nothing

_SHARE = Interval(numbers.Real, 0, 0.5, closed="right")


def robust_cut(scores, z=2.24):
    """The lowest score that still counts as normal: median minus ``z`` robust standard deviations.

    The MAD-median rule (Wilcox): the standard deviation is taken from the MAD, and 2.24 is the square root of the .975
    quantile of chi-square with one degree of freedom. 1.3 % of normally distributed scores lie below, of scores with a
    long tail some per cent. Neither median nor MAD is carried away as long as fewer than half of the rows are outliers.
    Where more than half of the scores are equal the MAD is zero and the mean absolute deviation from the median takes
    its place (Iglewicz and Hoaglin, 1993); constant scores flag nothing.

    Parameters
    ----------
    scores : array-like of shape (n_samples,)
        Higher = more normal.
    z : float, default=2.24

    Returns
    -------
    float

    References
    ----------
    Wilcox (2012), "Introduction to robust estimation and hypothesis testing", section 3.13.1.

    Examples
    --------
    >>> robust_cut([1.0, 2.0, 3.0, 4.0, 5.0, -90.0]) > -90
    True
    """
    scores = np.asarray(scores, dtype=np.float64)
    centre = np.median(scores)
    deviation = np.abs(scores - centre)
    scale = _MAD_TO_SD * np.median(deviation)
    if scale <= 1e-12 * max(1.0, abs(centre)):
        scale = _MEAN_AD_TO_SD * deviation.mean()
    return float(centre - z * scale)


def check_contamination(contamination):
    """A ValueError unless it is ``"auto"`` or a number in (0, 0.5]."""
    if isinstance(contamination, str) and contamination == "auto":
        return
    if isinstance(contamination, bool) or not _SHARE.is_satisfied_by(contamination):
        raise ValueError(f"contamination must be 'auto' or a number in (0, 0.5], got {contamination!r}.")


def all_alike(stack):
    """Whether all rows are equal."""
    return bool((stack == stack[:1]).all())


def _find_ties(scores, offset, contamination, bound):
    """What is to be said where ties, or a bound of the score, leave a threshold without outliers; else None."""
    n_flagged, n_rows = int((scores < offset).sum()), len(scores)
    if isinstance(contamination, str):
        if n_flagged or n_rows < _FEW_ROWS:
            return None
        n_lowest = int((scores == scores.min()).sum())
        if 2 * n_lowest > n_rows:
            found = (
                f"{n_lowest} of {n_rows} rows share the lowest score, so that contamination='auto' flags none. {_TIE}"
            )
        elif offset <= bound:
            found = (
                f"contamination='auto' cannot flag any row, since it cuts at {offset:.4g} and no score of this method "
                f"is below {bound:g}. Give a share, or choose another method."
            )
        else:
            return None
    else:
        n_asked = math.floor(contamination * n_rows)
        if n_flagged >= n_asked:
            return None
        found = (
            f"contamination={contamination} asks for {n_asked} of {n_rows} rows, but {int((scores == offset).sum())} "
            f"rows tie at the threshold, so that only {n_flagged} are flagged. {_TIE}"
        )
    return found


@usual_floating_point
class ScoreThresholdMixin(OutlierMixin):
    """``decision_function``, ``predict``, ``fit_predict`` and ``set_threshold`` on top of ``score_samples``.

    The class that uses it calls ``self._set_training_scores(scores)`` at the end of ``fit``.
    """

    # scikit-learn's common checks read the range of contamination from here.
    _parameter_constraints: ClassVar[dict] = {"contamination": [StrOptions({"auto"}), _SHARE]}

    _lowest_score = -math.inf  # that the method can give

    def _set_training_scores(self, scores, *, alike=False):
        """``alike``: all rows are equal, and no rule of its own has to find any."""
        self.training_scores_ = np.asarray(scores, dtype=np.float64)
        self.offset_ = self._offset(self.contamination)
        if not (alike and isinstance(self.contamination, str)):
            self._warn_of_ties(self.contamination)
        return self

    def _offset(self, contamination):
        check_contamination(contamination)
        if isinstance(contamination, str):
            return self._automatic_offset()
        return float(np.percentile(self.training_scores_, 100.0 * contamination))

    def _warn_of_ties(self, contamination):
        name, scores = type(self).__name__, self.training_scores_
        found = _find_ties(scores, self.offset_, contamination, self._lowest_score)
        if found:
            warnings.warn(f"{name}: {found}", UserWarning, stacklevel=4)

    def _automatic_offset(self):
        return robust_cut(self.training_scores_)

    def decision_function(self, X: ArrayLike) -> NDArray:
        """``score_samples(X) - offset_``: negative for outliers.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray:
        """+1 for inliers, -1 for outliers.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_predict(self, X: ArrayLike, y: object = None) -> NDArray:
        """Fit and return +1 or -1 for the rows that were fitted on.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        self.fit(X)
        return np.where(self.training_scores_ - self.offset_ < 0, -1, 1)

    def set_threshold(self, *, contamination: Contamination | None = None, score: float | None = None) -> Self:
        """Move the threshold of a fitted detector; scores stay as they are.

        Parameters
        ----------
        contamination : float in (0, 0.5] or "auto", optional
            Share of the training rows to call outliers, or the rule of ``contamination="auto"``. A row that ties with
            the threshold is an inlier; where ties leave fewer outliers than asked for, that is warned of.
        score : float, optional
            Rows with a lower ``score_samples`` are outliers.

        Returns
        -------
        self
            Only ``offset_`` has changed.

        Raises
        ------
        ValueError
            Not exactly one of both is given, or it is out of range.
        """
        check_is_fitted(self)
        if (contamination is None) == (score is None):
            raise ValueError(f"Give either contamination or score, got {contamination=} and {score=}.")
        if score is None:
            self.offset_ = self._offset(contamination)
            self._warn_of_ties(contamination)
            return self
        if not is_number(score):
            raise ValueError(f"score must be a finite number, got {score!r}.")
        self.offset_ = float(score)
        return self
