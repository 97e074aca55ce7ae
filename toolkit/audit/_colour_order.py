"""Red for blue and light for dark: learnt from the set itself, on features that know what is in a picture.

Skin, sky, grass and fur have colours that a network of photographs has met. On the other images, taken as they came, a
linear rule learns to tell each from the same one with red and blue exchanged, or inverted. Images that seem changed are
left out when the rule is learnt once more. What it says is measured on images that it had not seen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.audit._everyday_symmetries import calibrated, recall_of_changed
from toolkit.audit._picture_views import FEWEST_TURNED, checked_views, reduced

__all__ = ["ColourOrder", "judge_colours"]

_CHANGES = ("swapped_channels", "inverted")
_FOLDS, _ROUNDS = 5, 2
_MOST = 3000  # images that one rule learns from
_STRENGTH = 0.01  # of the inverse penalty
_SUSPECT = 0.0  # log odds from which an image is not learnt from again


@dataclass(frozen=True, eq=False)
class ColourOrder:
    """What :func:`judge_colours` says of each image.

    Attributes
    ----------
    log_odds : dict of str to ndarray of shape (n_samples,)
        Evidence that red and blue were exchanged (``"swapped_channels"``), and that it was ``"inverted"``.
    auroc : dict of str to float
        How well images changed so on purpose are told from the same ones as they came.
    recall : dict of str to float
        Share of those changed that exceed what 1 % of the sound ones do.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import judge_colours
    >>> views = np.random.default_rng(0).normal(0, 1, (80, 3, 6)) + 4 * np.eye(3, 6)
    >>> views[7] = views[7, [2, 1, 0]]  # one image is inverted
    >>> found = judge_colours(views)
    >>> int(found.evidence("inverted").argmax()), found.auroc["inverted"] > 0.9  # which, and how far to trust it
    (7, True)
    """

    log_odds: dict[str, NDArray]
    auroc: dict[str, float]
    recall: dict[str, float]

    def evidence(self, fault: str) -> NDArray:
        """Log odds of ``"swapped_channels"`` or ``"inverted"``, of each image."""
        return self.log_odds[fault]


@usual_floating_point
def judge_colours(views: ArrayLike, *, random_state: int = 0) -> ColourOrder:
    """Judge which images of a set have red and blue exchanged, and which are inverted, without labels.

    Parameters
    ----------
    views : array-like of shape (n_samples, 3, n_features) or (n_samples, 3 * n_features)
        Features of each image as it is, with red and blue exchanged, and inverted, as
        :func:`toolkit.embeddings.photograph_colours` gives them.
    random_state : int, default=0
        Of the folds.

    Returns
    -------
    ColourOrder

    Raises
    ------
    ValueError
        Fewer than 60 images, or views of another shape.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> views = generator.normal(0, 1, (80, 3, 6)) + 4 * np.eye(3, 6)
    >>> views[7] = views[7, [1, 0, 2]]  # of one image red and blue were exchanged
    >>> int(judge_colours(views).evidence("swapped_channels").argmax())
    7
    """
    values = checked_views(views, 3)
    folds = np.random.default_rng(random_state).permutation(np.arange(len(values)) % _FOLDS)
    odds, auroc, recall = {}, {}, {}
    for place, name in enumerate(_CHANGES, start=1):
        pair = reduced(values[:, [0, place]])
        difference = pair[:, 1] - pair[:, 0]
        trusted = np.ones(len(values), dtype=bool)
        for _ in range(_ROUNDS):
            told = _out_of_fold(difference, folds, trusted)
            trusted = told < _SUSPECT
            if trusted.sum() < FEWEST_TURNED // 2:
                break
        odds[name], auroc[name] = calibrated(told)
        recall[name] = recall_of_changed(-odds[name])
    return ColourOrder(odds, auroc, recall)


def _out_of_fold(difference: NDArray, folds: NDArray, trusted: NDArray) -> NDArray:
    """Log odds that each image was changed, by rules that had not seen it."""
    from sklearn.linear_model import LogisticRegression

    told = np.empty(len(difference))
    for fold in range(_FOLDS):
        rows = np.flatnonzero((folds != fold) & trusted)[:_MOST]
        # The rule is odd by construction: exchanging the two versions changes the sign of what it says.
        pairs = np.vstack([difference[rows], -difference[rows]])
        rule = LogisticRegression(C=_STRENGTH, fit_intercept=False, max_iter=300, tol=1e-3)
        rule.fit(pairs, np.repeat([1, 0], len(rows)))
        mine = folds == fold
        told[mine] = -difference[mine] @ rule.coef_[0]
    return told
