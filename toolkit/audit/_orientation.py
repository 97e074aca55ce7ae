"""Which way up: learnt from the set itself, on features that know what is in a picture.

Every image is looked at from four sides. On the other images, taken as they came, a linear rule learns to tell by how
many quarters a view is turned; what it says of an image's four views together says which way up the image is. Images
that seem turned are left out when the rule is learnt once more. Nothing is said where images turned on purpose are not
told apart.

References
----------
S. Gidaris, P. Singh and N. Komodakis, "Unsupervised Representation Learning by Predicting Image Rotations", ICLR 2018,
where rotations are the task that teaches; here they are what is asked.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.audit._everyday_symmetries import recall_of_changed
from toolkit.audit._picture_views import FEWEST_TURNED, checked_views, reduced

__all__ = ["Orientation", "judge_orientation"]

_FOLDS, _ROUNDS = 5, 2
_MOST = 1500  # images that one rule learns from
_STRENGTH = 0.3  # of the inverse penalty, for a view whose components have a squared length of one
_SUSPECT = 0.0  # log odds from which an image is not learnt from again
_ASTRAY = 0.1  # share of images that may be turned
_SURE = 6.9  # log odds from which a file may be turned: one in a thousand is wrong
_NEIGHBOURS = 15
_REFERENCES = 2000  # images whose views are asked as neighbours
# By how many quarters counter-clockwise an image was turned: what turns it back.
_TURNS = {"quarter_turn": (1, 3), "upside_down": (2,)}
_UNDONE = {1: "rotate_270", 2: "rotate_180", 3: "rotate_90"}


@dataclass(frozen=True, eq=False)
class Orientation:
    """What :func:`judge_orientation` says of each image.

    Attributes
    ----------
    log_odds : ndarray of shape (n_samples, 4)
        Evidence that the image was turned by so many quarters, counter-clockwise, against the likeliest other.
    probabilities : ndarray of shape (n_samples, 4)
        Of the same, as if all four were equally likely before.
    auroc : dict of str to float
        How well images turned on purpose are told from the same ones as they came: of ``"quarter_turn"`` and of
        ``"upside_down"``.
    recall : dict of str to float
        Share of those turned that exceed what 1 % of the sound ones do.
    views : ndarray of float32 of shape (n_samples, 4, n_features)
        What was judged, for :meth:`confirmed`.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import judge_orientation
    >>> views = np.random.default_rng(0).normal(0, 1, (80, 4, 6)) + 3 * np.eye(4, 6)  # their sides differ
    >>> views[7] = np.roll(views[7], -2, axis=0)  # one stands on its head
    >>> found = judge_orientation(views)
    >>> found.frame()["turn"][7], found.confirmed([7]), found.auroc["upside_down"] > 0.9
    ('rotate_180', array([ True]), True)
    """

    log_odds: NDArray
    probabilities: NDArray
    auroc: dict[str, float]
    recall: dict[str, float]
    views: NDArray

    def evidence(self, fault: str) -> NDArray:
        """Log odds of ``"quarter_turn"`` or ``"upside_down"``, of each image."""
        return self.log_odds[:, list(_TURNS[fault])].max(axis=1)

    def frame(self) -> pd.DataFrame:
        """One row an image: ``turn`` (what brings it upright, empty where it is), and its ``probability``."""
        turned = self.probabilities.argmax(axis=1)
        return pd.DataFrame(
            {"turn": [_UNDONE.get(int(t), "") for t in turned], "probability": self.probabilities.max(axis=1)}
        )

    def confirmed(self, rows: ArrayLike) -> NDArray[np.bool_]:
        """Whether it is all but certain, and an independent check agrees: the most similar views of other images.

        Parameters
        ----------
        rows : array-like of int

        Returns
        -------
        ndarray of bool of shape (n_rows,)
        """
        return np.array(
            [
                self.log_odds[row].max() >= _SURE and self._neighbours_say(int(row)) == self.log_odds[row].argmax()
                for row in np.asarray(rows, dtype=int)
            ],
            dtype=bool,
        )

    def _neighbours_say(self, row: int) -> int:
        others = np.delete(np.arange(len(self.views)), row)
        others = others[:: max(1, len(others) // _REFERENCES)]
        reference = self.views[others].reshape(len(others) * 4, -1)
        mine = self.views[row]
        middle = reference.mean(axis=0)
        reference, mine = reference - middle, mine - middle
        reference /= np.maximum(np.linalg.norm(reference, axis=1, keepdims=True), 1e-9)
        mine = mine / np.maximum(np.linalg.norm(mine, axis=1, keepdims=True), 1e-9)
        alike = np.sort((mine @ reference.T).reshape(4, len(others), 4), axis=1)[:, -_NEIGHBOURS:].mean(axis=1)
        return int(np.argmax(_over_views(alike[None])[0]))


def _over_views(told: NDArray) -> NDArray:
    """From what each of four views says of four turns, (n, view, turn), to each turn of the image, (n, turn)."""
    views, turns = np.arange(4)[:, None], np.arange(4)[None]
    # An image that was turned by t shows its view k at t + k.
    return told[:, views, (turns + views) % 4].sum(axis=1)


@usual_floating_point
def judge_orientation(views: ArrayLike, *, random_state: int = 0) -> Orientation:
    """Judge which way up each image of a set is, without labels.

    Parameters
    ----------
    views : array-like of shape (n_samples, 4, n_features) or (n_samples, 4 * n_features)
        Features of each image as it is, and turned by one, two and three quarters counter-clockwise, as
        :func:`toolkit.embeddings.photograph_views` gives them.
    random_state : int, default=0
        Of the folds.

    Returns
    -------
    Orientation

    Raises
    ------
    ValueError
        Fewer than 60 images, or views of another shape.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> upright = generator.normal(0, 1, (80, 4, 6)) + 3 * np.eye(4, 6)  # the sides of these images differ
    >>> upright[7] = np.roll(upright[7], -1, axis=0)  # one was turned by a quarter
    >>> found = judge_orientation(upright).frame()
    >>> found["turn"][7], int((found["turn"] != "").sum())
    ('rotate_270', 1)
    """
    values = checked_views(views, 4)
    components = reduced(values)
    folds = np.random.default_rng(random_state).permutation(np.arange(len(values)) % _FOLDS)
    trusted = np.ones(len(values), dtype=bool)
    for _ in range(_ROUNDS):
        sums = _over_views(_out_of_fold(components, folds, trusted))
        odds = _against_others(sums)
        trusted = odds[:, 1:].max(axis=1) < _SUSPECT
        if trusted.sum() < FEWEST_TURNED // 2:
            break
    slope = _slope(sums)
    sums = sums * slope
    unit = np.exp(sums - sums.max(axis=1, keepdims=True))
    return Orientation(_against_others(sums), unit / unit.sum(axis=1, keepdims=True), *_competence(sums), values)


def _out_of_fold(reduced: NDArray, folds: NDArray, trusted: NDArray) -> NDArray:
    """Log probabilities of four turns of each view, by rules that had not seen the image: (n, view, turn)."""
    from sklearn.linear_model import LogisticRegression

    told = np.empty((len(reduced), 4, 4))
    strength = _STRENGTH / max(float(np.square(reduced).sum(axis=2).mean()), 1e-9)
    for fold in range(_FOLDS):
        rows = np.flatnonzero((folds != fold) & trusted)[:_MOST]
        rule = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        rule.fit(reduced[rows].reshape(4 * len(rows), -1), np.tile(np.arange(4), len(rows)))
        mine = folds == fold
        told[mine] = rule.predict_log_proba(reduced[mine].reshape(-1, reduced.shape[2])).reshape(-1, 4, 4)
    return told


def _against_others(sums: NDArray) -> NDArray:
    """Each turn's evidence less that of the likeliest other one."""
    order = np.sort(sums, axis=1)
    best, second = order[:, -1:], order[:, -2:-1]
    return sums - np.where(sums == best, second, best)


def _slope(sums: NDArray) -> float:
    """By what the sums have to be multiplied to be right on average: the four views are not independent.

    Some images are turned, which no slope can explain: their part in the sum is bounded.
    """
    from scipy.optimize import minimize_scalar

    def loss(slope: float) -> float:
        scaled = slope * (sums - sums.max(axis=1, keepdims=True))
        upright = np.exp(scaled[:, 0]) / np.exp(scaled).sum(axis=1)
        return float(-np.log((1 - _ASTRAY) * upright + _ASTRAY / 4).mean())

    return float(minimize_scalar(loss, bounds=(0.01, 20), method="bounded").x)


def _competence(sums: NDArray) -> tuple[dict[str, float], dict[str, float]]:
    """Images as they came against the same ones turned: turning an image rolls what is said of it.

    Areas under the curves, and recalls at 1 % of false alarms.
    """
    from sklearn.metrics import roc_auc_score

    found, recalls = {}, {}
    for name, turns in _TURNS.items():
        came = _against_others(sums)[:, list(turns)].max(axis=1)
        changed = [_against_others(np.roll(sums, turn, axis=1))[:, list(turns)].max(axis=1) for turn in turns]
        told = np.concatenate([came] * len(turns) + changed)
        truth = np.repeat([0, 1], len(told) // 2)
        found[name] = float(roc_auc_score(truth, told))
        recalls[name] = recall_of_changed(np.concatenate(changed))
    return found, recalls
