"""An independent check: is a repair right, by evidence that is independent of the networks that named the corruption?

Where the identifier's networks are wrong, they are wrong again when they are given the repaired image. So a repair is
classified by features that were not trained on corruptions. Is the image as it came an outlier by its statistics, and
less of one after the repair? Does it resemble the others of its set more, by its edges? Was what is replaced of one
value, as an occluder is and a shirt is not? The features are measured on this very set, for repairs of images in which
the kind was planted and for the same repair done to sound images: an additive logistic model separates the two.
"""

from dataclasses import dataclass

import numpy as np

from toolkit._core.appearance import Neighbours
from toolkit._core.robust import RobustDistance
from toolkit.corruption import SYMMETRIES
from toolkit.restoration._abstention import resembled

__all__ = ["RepairClassifier", "RepairEvidence", "best_told", "fit_classifier", "least_sensitivity"]

# Statistics: share of the sound images that their scatter rests on, neighbours asked, images compared with at most.
_KEPT, _NEAREST, _MOST = 0.95, 5, 3000
# Nearer than this is the image itself.
_SAME = 1e-6
# Where planted and sound are far apart, the threshold is at least half way to the level that this share of the planted
# repairs reach, and never beyond it: what was done to an image of the set need not look quite like what is planted.
_PASSING, _HALF_WAY = 0.975, 0.5
# Beyond this share of the repairs that were seen, on either side, a feature says no more than there. One sound image,
# five times as odd as any other, had a score of 53 where planted repairs end at 10, and no turned glyph was repaired.
_SEEN = 0.01
# Never accepted is a repair that is worse than this share of the planted ones by more than that part of the way there
# from their median: higher of oddness, as it came and repaired, lower of likeness, gained and repaired.
_USUAL, _BEYOND = 0.99, 0.5
_WORSE_HIGHER, _WORSE_LOWER = [0, 1], [2, 3]
# Of the sound images so many are spared when the line is drawn, the highest: trusted rows are not known as sound. One
# that is soft by itself decided whether blurred clothes were repaired at all (34 of 38 with it spared, else none). Of
# kinds that sound images may show by themselves, as an odd slant or a woven stripe, none is spared: more of them were
# changed, and none of the damaged won. No hand slants as far as what is called turned here. Nor is one spared where the
# repairs are not well told even so: cloth may be woven like speckle, in more than one garment.
_SPARED, _SHOWN_BUT_SPARED, _NOT_SPARED = 0.005, ("rotate",), ("stripe",)
# Folds of the cross-validation; quantiles at which the hinges of a feature stand; inverse of the L2 penalty.
_FOLDS, _KNOTS, _C = 5, (0.2, 0.4, 0.6, 0.8), 0.3
# The sensitivity that a classifier needs. At .5 throughout, a turn was undone in one set of digits and not in another;
# at .25 of five tuning sets 82 more images are repaired, none of them sound, one worse. At .25 throughout, in a sixth
# set nine sound letters, most of one hand that slants them, were turned by a quarter.
_LEAST, _LEAST_OF_SYMMETRIES = 0.25, 0.5
# Stripes are woven and printed. In clothing the check confirms .46 to .55 of them, in digits, letters and glyphs .78 to
# .91. Below this share its line is drawn with more room by so many spreads: of 24,000 sound clothes that nothing was
# fitted to, seven were changed without that, and two with it, as where no stripes were undone at all.
_STRIPES_TOLD, _MORE_ROOM = 0.7, 2.0
# Where at least this share of a candidate's repairs is confirmed they are well told: no other candidate is looked for.
_WELL_TOLD = 0.75


class RepairEvidence:
    """Features of a repair that tell a right one from a wrong one, relative to sound images of the set.

    Attributes
    ----------
    references_ : ndarray of shape (n_references, n_statistics)
        Whitened statistics of sound images.
    """

    def __init__(self, image_shape):
        self.image_shape = image_shape

    def fit(self, sound, generator):
        """Fit statistics and neighbours on ``sound`` images (uint8), and return self."""
        from toolkit.diagnostics import CorruptionDiagnostics

        rows = sound.reshape(len(sound), -1)
        self.statistics_ = CorruptionDiagnostics(image_shape=self.image_shape).fit(rows)
        values = np.asarray(self.statistics_.transform(rows), dtype=np.float64)
        self.distance_ = RobustDistance(_KEPT).fit(values)
        some = np.sort(generator.permutation(len(values))[:_MOST])
        self.references_ = self.distance_.whiten(values[some])
        self.neighbours_ = Neighbours().fit(sound, generator)
        return self

    def _outlier_score(self, images):
        """Log distance to the nearest sound images in whitened statistics."""
        from sklearn.neighbors import NearestNeighbors

        rows = images.reshape(len(images), -1)
        values = self.distance_.whiten(np.asarray(self.statistics_.transform(rows), dtype=np.float64))
        wanted = min(_NEAREST + 1, len(self.references_))
        near = NearestNeighbors(n_neighbors=wanted).fit(self.references_).kneighbors(values)[0]
        itself = near[:, 0] < _SAME
        place = np.minimum(_NEAREST - 1 + itself, wanted - 1)
        return np.log(near[np.arange(len(near)), place] + 1e-3)

    def resemblance(self, images, known=None):
        """How far images are from the sound ones, and how similar to their neighbours.

        Parameters
        ----------
        images : ndarray of uint8, of shape (n, height, width[, 3])
        known : tuple of (stack, ndarray of shape (n, 2)), optional
            As many images of which it is known: what is equal to them, row by row, is not measured again.

        Returns
        -------
        ndarray of shape (n, 2)
        """
        values = np.empty((len(images), 2))
        new = np.ones(len(images), dtype=bool)
        if known is not None:
            new = (images != known[0]).reshape(len(images), -1).any(axis=1)
            values[~new] = known[1][~new]
        if new.any():
            values[new, 0] = self._outlier_score(images[new])
            values[new, 1] = self.neighbours_.similarity(images[new])
        return values

    def features(self, given, repaired, known=None):
        """Evidence for each repair.

        Parameters
        ----------
        given, repaired : ndarray of uint8, of shape (n, height, width[, 3])
        known : tuple of (stack, ndarray of shape (n, 2)), optional
            As many images and their :meth:`resemblance`.

        Returns
        -------
        ndarray of shape (n, 6)
            Outlier score as it came, outlier score repaired, similarity to its neighbours gained, that similarity when
            repaired, spread of the values that were replaced, size of the change.
        """
        if not len(given):
            return np.empty((0, 6))
        came, done = (self.resemblance(images, known) for images in (given, repaired))
        change = np.abs(repaired.astype(np.float32) - given).reshape(len(given), -1) / 255
        before = given.reshape(len(given), -1) / np.float32(255)
        weight = change / np.maximum(change.sum(axis=1, keepdims=True), 1e-6)
        mean = (weight * before).sum(axis=1, keepdims=True)
        spread = np.sqrt((weight * (before - mean) ** 2).sum(axis=1))
        return np.column_stack(
            [
                came[:, 0],
                done[:, 0],
                done[:, 1] - came[:, 1],
                done[:, 1],
                spread,
                np.log(change.mean(axis=1) + 1e-4),
            ]
        )


def _hinges(evidence, knots):
    """Basis of piecewise linear functions of each feature: (n, n_features * (1 + n_knots))."""
    beyond = np.maximum(evidence[:, :, None] - knots[None], 0)
    return np.concatenate([evidence[:, :, None], beyond], axis=2).reshape(len(evidence), knots.size + len(knots))


@dataclass(frozen=True)
class RepairClassifier:
    """An additive logistic model with a threshold, which accepts or rejects the repairs of one kind.

    Parameters
    ----------
    knots : ndarray of shape (6, n_knots)
        Of the piecewise linear function of each feature.
    weights, offset
        Of the additive model: ``_hinges(evidence, knots) @ weights + offset``, in log-odds of a repair.
    threshold : float
        A repair is accepted at or above it.
    sensitivity : float
        Share of held-out planted images whose repair is accepted.
    false_alarm_rate : float
        Share of held-out sound images on which the same repair would be accepted.
    seen : ndarray of shape (2, 6), optional
        The range in which features were seen; beyond it they say no more. None in models of earlier versions.
    usual : ndarray of shape (2, 6), optional
        The range beyond which nothing is accepted.
    room : float, default=0.0
        How far beyond the score of the highest held-out sound image the threshold lies for safety: an image that was
        damaged for certain needs no more than that score. 0 for kinds that an image may show by itself.
    """

    knots: np.ndarray
    weights: np.ndarray
    offset: float
    threshold: float
    sensitivity: float
    false_alarm_rate: float
    seen: np.ndarray | None = None
    usual: np.ndarray | None = None
    room: float = 0.0

    def margin(self, evidence):
        """By how many log-odds each repair passes, by evidence of shape (n, 6); ``-inf`` for one that never may."""
        bounded = evidence if self.seen is None else np.clip(evidence, *self.seen)
        margin = _hinges(bounded, self.knots) @ self.weights + self.offset - self.threshold
        return margin if self.usual is None else np.where(_within(evidence, self.usual), margin, -np.inf)

    def accepts(self, evidence):
        """Which repairs are accepted, by evidence of shape (n, 6)."""
        return self.margin(evidence) >= 0


def least_sensitivity(kind):
    """The sensitivity that the classifier of a kind has to have for anything to be repaired.

    Sensitivity says how much is left alone, not how much is harmed: hardly a held-out sound image passes at any, so a
    quarter is enough. Of the repair of a symmetry there is no other witness than likeness, and half is asked.
    """
    return _LEAST_OF_SYMMETRIES if kind in SYMMETRIES else _LEAST


def fit_classifier(planted, sound, would_change, kind=None):
    """Fit the logistic model, and choose its threshold on out-of-fold scores.

    Parameters
    ----------
    planted, sound : ndarray of shape (n, 6)
        Evidence on repairs of planted images, and on the same repair done to sound images.
    would_change : ndarray of bool of shape (n_sound,)
        Sound images that the repair would change at all.
    kind : str, optional
        What is repaired; of a kind that no sound image shows by itself, one sound image in 200 may be accepted.

    Returns
    -------
    RepairClassifier
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    both, truth = np.concatenate([planted, sound]), np.repeat([1, 0], [len(planted), len(sound)])
    seen, usual = _seen(planted, sound), _usual(planted)
    both = np.clip(both, *seen)
    knots = np.quantile(both, _KNOTS, axis=0).T
    basis = _hinges(both, knots)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=1000))
    n_folds = min(_FOLDS, len(planted), len(sound))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    score = cross_val_predict(model, basis, truth, cv=folds, method="decision_function")
    scaler, logistic = (step for _, step in model.fit(basis, truth).steps)
    weights = logistic.coef_[0] / scaler.scale_
    ours, theirs = score[: len(planted)], score[len(planted) :]
    # What is never accepted cannot be harmed.
    would_change = would_change & _within(sound, usual)
    spares = kind in _SHOWN_BUT_SPARED or not (kind is None or resembled(kind) or kind in _NOT_SPARED)
    for n_spared in (int(_SPARED * len(theirs)) if spares else 0, 0):
        threshold, room = _threshold(ours, theirs, would_change, n_spared)
        passing = (ours >= threshold) & _within(planted, usual)
        if passing.mean() >= _WELL_TOLD:  # else more than an odd one looks so
            break
    if kind == "stripe" and passing.mean() < _STRIPES_TOLD:
        threshold, room = threshold + _MORE_ROOM * float(theirs.std()), 0.0
        passing &= ours >= threshold
    return RepairClassifier(
        knots=knots,
        weights=weights,
        offset=float(logistic.intercept_[0] - weights @ scaler.mean_),
        threshold=threshold,
        sensitivity=float(passing.mean()),
        false_alarm_rate=float((theirs[would_change] >= threshold).sum() / len(theirs)),
        seen=seen,
        usual=usual,
        room=0.0 if resembled(kind) else room,
    )


def best_told(names, gains, judged):
    """Which candidate of a kind to try first: the one of which most gain is left once its repairs are checked.

    The highest score of a few hundred sound images is a lottery: of turns of glyphs that were turned back and redrawn
    .14 pass the check, of those only turned back .73, and both gain 7 dB.

    Parameters
    ----------
    names : sequence of str
        Best first.
    gains : dict of str to float
        Median gain of each in dB.
    judged : callable
        ``judged(name) -> (threshold, classifier)``. Not asked of the others if most repairs of the first are told.

    Returns
    -------
    names : tuple of str
        The chosen one first.
    threshold, classifier
        Of the chosen one.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> told = {"a": 0.1, "b": 0.6}
    >>> judged = lambda name: (0.5, SimpleNamespace(sensitivity=told[name]))
    >>> best_told(["a", "b"], {"a": 7.0, "b": 6.0}, judged)[0]
    ('b', 'a')
    """
    found = {}
    for name in names:
        found[name] = judged(name)
        if found[name][1].sensitivity >= _WELL_TOLD:
            break
    best = max(found, key=lambda name: found[name][1].sensitivity * gains[name])  # of equals the first
    return (best, *(name for name in names if name != best)), *found[best]


def _seen(planted, sound):
    """The range (2, n_features) in which all but a few of either are."""
    ends = np.array([np.quantile(evidence, [_SEEN, 1 - _SEEN], axis=0) for evidence in (planted, sound)])
    return np.stack([ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)])


def _usual(planted):
    """The range (2, n_features) of planted repairs, open on the side on which a repair is the better."""
    low, middle, high = np.quantile(planted, [1 - _USUAL, 0.5, _USUAL], axis=0)
    bounds = np.stack([np.full(planted.shape[1], -np.inf), np.full(planted.shape[1], np.inf)])
    bounds[1, _WORSE_HIGHER] = (high + _BEYOND * (high - middle))[_WORSE_HIGHER]
    bounds[0, _WORSE_LOWER] = (low - _BEYOND * (middle - low))[_WORSE_LOWER]
    return bounds


def _within(evidence, bounds):
    return ((evidence >= bounds[0]) & (evidence <= bounds[1])).all(axis=1)


def _threshold(ours, theirs, would_change, n_spared=0):
    """The threshold between scores of planted and of sound images, and how much of it is room.

    So many of the sound images are spared, the highest.
    """
    passing = float(np.quantile(ours, 1 - _PASSING))
    # Sound images that would not change cannot be harmed.
    harmed = np.sort(theirs[would_change])
    if not len(harmed):
        return min(passing, float(theirs.max())), 0.0
    highest = float(harmed[-1 - min(n_spared, len(harmed) - 1)])
    # No other sound image may pass, and more is asked than so few can show: the threshold moves up by their spread.
    spread = float(theirs.std())
    threshold = highest + spread
    if passing > highest:
        threshold = min(max(threshold, highest + _HALF_WAY * (passing - highest)), passing)
    return threshold, min(threshold - highest, spread)
