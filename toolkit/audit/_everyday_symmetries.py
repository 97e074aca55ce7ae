"""Turned, mirrored, inverted or with red and blue exchanged: told by what the rest of the set looks like.

Nothing in one picture says which way up it is. A set does, where its images are light above, say, or coloured in
some places rather than others: a linear rule learns to tell each image's coarse layout from the same layout turned, on
the other images, taking them as they came as right. What it learns is measured on images that it had not learnt from,
turned on purpose; where that is little, it says nothing. Objects are not understood: that needs a network.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.diagnostics import LAYOUT_CELLS, LAYOUT_CHANNELS

__all__ = [
    "FEWEST_LEARNT",
    "FEWEST_SURE",
    "LEAST_AUROC",
    "LEAST_RECALL",
    "SymmetryOdds",
    "calibrated",
    "joined_odds",
    "layout_cells",
    "recall_of_changed",
    "symmetry_odds",
]

FEWEST_LEARNT = 60  # images from which a rule can be learnt
FEWEST_SURE = 100  # from which its verdicts are more often right than wrong
LEAST_AUROC = 0.75  # from which a rule says anything
LEAST_RECALL = 0.5  # of images changed on purpose, at 1 % of false alarms, from which a verdict is given
_AT = 0.01
_SURE = 0.75  # quantile of the rule's certainty from which it is hardly ever wrong
_SHARES = 6  # of changed images, that are tried
_RULES = 5  # each learnt on one half, then on the other
_MOST = 3000  # images that one rule learns from
_STRENGTH = 0.03  # of the inverse penalty, for standardised columns


def layout_cells(statistics: pd.DataFrame) -> NDArray:
    """The columns of the layout as (n_samples, channels, rows, columns)."""
    cells = range(LAYOUT_CELLS)
    names = [f"layout_{channel}_{row}_{column}" for channel in LAYOUT_CHANNELS for row in cells for column in cells]
    values = statistics[names].to_numpy(dtype=np.float64)
    return np.nan_to_num(values.reshape(-1, len(LAYOUT_CHANNELS), LAYOUT_CELLS, LAYOUT_CELLS))


def _swap(cells: NDArray) -> NDArray:
    """Red and blue exchanged: luma gives red .299 and blue .114."""
    luma, red_blue, green, detail = np.moveaxis(cells, 1, 0)
    return np.stack([luma - 0.185 * red_blue, -red_blue, green, detail], axis=1)


def _invert(cells: NDArray) -> NDArray:
    luma, red_blue, green, detail = np.moveaxis(cells, 1, 0)
    return np.stack([1 - luma, -red_blue, -green, detail], axis=1)


# fault: what it does to the cells; where several would do, the most likely counts.
_CHANGES: dict[str, tuple[Callable[[NDArray], NDArray], ...]] = {
    "swapped_channels": (_swap,),
    "upside_down": (lambda cells: cells[:, :, ::-1, ::-1],),
    "quarter_turn": (
        lambda cells: np.rot90(cells, 1, axes=(2, 3)),
        lambda cells: np.rot90(cells, 3, axes=(2, 3)),
    ),
    "mirrored": (lambda cells: cells[:, :, :, ::-1],),
    "inverted": (_invert,),
}


def _features(cells: NDArray) -> NDArray:
    """Cells, and their squares and products within a channel's mean: what a linear rule may use."""
    flat = cells.reshape(len(cells), -1)
    centred = flat - np.array([0.5, 0, 0, -1.0]).repeat(flat.shape[1] // 4)
    means = cells.mean(axis=(2, 3))
    return np.hstack([flat, 4 * centred**2, 4 * means[:, :1] * cells[:, 1].reshape(len(cells), -1)])


def _log_odds(cells: NDArray, change: Callable[[NDArray], NDArray], folds: NDArray) -> NDArray:
    """Out-of-fold log odds that each image, and each as changed, was changed."""
    from sklearn.linear_model import LogisticRegression

    difference = _features(change(cells)) - _features(cells)
    as_came = np.zeros(len(cells))
    scale = np.sqrt((difference**2).mean(axis=0))
    scale[scale < 1e-9] = np.inf
    difference = difference / scale
    for fold in range(folds.max() + 1):
        rows = np.flatnonzero(folds != fold)[:_MOST]
        # The rule is odd by construction: exchanging the two versions changes the sign of what it says.
        pairs = np.vstack([difference[rows], -difference[rows]])
        truth = np.repeat([1, 0], len(rows))
        rule = LogisticRegression(C=_STRENGTH, fit_intercept=False, max_iter=200).fit(pairs, truth)
        mine = folds == fold
        as_came[mine] = -difference[mine] @ rule.coef_[0]
    return as_came


def _slope(told: NDArray) -> float:
    """By what the log odds have to be multiplied to be right on average: the penalty keeps them small.

    Some images came changed, and say the opposite of what they should, which would hold the slope down. How many, is
    fitted with it: between the share among those of which the rule is surest, where it is hardly ever wrong, and the
    share of all that it takes for changed, its errors included.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import expit

    def loss(slope: float, share: float) -> float:
        sound = expit(-slope * told)
        return float(-np.log(np.maximum((1 - share) * sound + share * (1 - sound), 1e-12)).mean())

    sure = np.abs(told) >= np.quantile(np.abs(told), _SURE)
    least, most = float((told[sure] > 0).mean()), float((told > 0).mean())
    fits = [
        minimize_scalar(loss, args=(share,), bounds=(0, 20), method="bounded")
        for share in np.clip(np.linspace(min(least, most), most, _SHARES), 0, 0.5)
    ]
    return float(min(fits, key=lambda fit: fit.fun).x)


def calibrated(told: NDArray) -> tuple[NDArray, float]:
    """Log odds that are right on average, and how well images changed on purpose are told by them.

    Parameters
    ----------
    told : ndarray of shape (n_samples,)
        What an odd rule says of images as they came; changed on purpose, each says the opposite.

    Returns
    -------
    odds : ndarray of shape (n_samples,)
    auroc : float
    """
    return _slope(told) * told, _auroc(told, -told)


def _auroc(as_came: NDArray, changed: NDArray) -> float:
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(as_came), len(changed)])
    return float(roc_auc_score(truth, np.concatenate([as_came, changed])))


def recall_of_changed(odds: NDArray) -> float:
    """Share of images changed on purpose that are found at no more than 1 % of false alarms.

    Log odds that are right exceed the logarithm of a hundred in one sound image of a hundred at most (Markov's
    inequality): whatever the images that came, faulty ones among them, look like.

    Parameters
    ----------
    odds : ndarray of shape (n_changed,)

    Returns
    -------
    float
    """
    return float((odds >= -np.log(_AT)).mean())


@dataclass(frozen=True, eq=False)
class SymmetryOdds:
    """Log odds that each image was changed, as it came and after it was changed on purpose.

    Attributes
    ----------
    as_came : ndarray of shape (n_samples,)
    changed : ndarray of shape (n_samples,) or (n_changes, n_samples)
    auroc : float
        Of telling images as they came from the same ones changed.
    recall : float
        Of those changed, at 1 % of false alarms.
    """

    as_came: NDArray
    changed: NDArray
    auroc: float
    recall: float


def symmetry_odds(cells: NDArray, fault: str) -> SymmetryOdds:
    """Evidence for a fault in each image, and how well planted ones are told by it.

    Parameters
    ----------
    cells : ndarray of shape (n_samples, channels, rows, columns)
    fault : str
        One of ``LEARNT_FAULTS``.

    Returns
    -------
    SymmetryOdds
        By the most doubtful of the rules that had not seen the image.
    """
    # What every one of several rules says, each learnt on another half of the images: one rule's errors are as sure as
    # what it gets right.
    told = []
    for seed in range(_RULES):
        halves = np.random.default_rng(seed).permutation(np.arange(len(cells)) % 2)
        told.append(np.concatenate([_log_odds(cells, change, halves) for change in _CHANGES[fault]]))
    slope = _slope(np.mean(told, axis=0))
    as_came, changed = np.min(told, axis=0), -np.max(told, axis=0)
    odds = slope * as_came.reshape(len(_CHANGES[fault]), -1).max(axis=0)
    changed_odds = slope * changed.reshape(len(_CHANGES[fault]), -1)
    return SymmetryOdds(odds, changed_odds, _auroc(as_came, changed), recall_of_changed(changed_odds))


def joined_odds(layout: SymmetryOdds, features: NDArray) -> SymmetryOdds:
    """What the layout and a network's features say together of one change; they err on different images.

    Parameters
    ----------
    layout : SymmetryOdds
        Of a fault with one change.
    features : ndarray of shape (n_samples,)
        Calibrated log odds by a rule that is odd: of an image changed it says the opposite.

    Returns
    -------
    SymmetryOdds
        Their sum, less where it is not right on average; never more, since nothing says how far they are independent.
    """
    as_came, changed = layout.as_came + features, np.ravel(layout.changed) - features
    slope = min(1.0, _slope(np.concatenate([as_came, -changed])))
    as_came, changed = slope * as_came, slope * changed
    return SymmetryOdds(as_came, changed, _auroc(as_came, changed), recall_of_changed(changed))
