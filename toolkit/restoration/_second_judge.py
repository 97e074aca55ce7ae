"""A second judge: was this repair one, by witnesses that had no part in naming the fault?

The identifier's networks name a fault, and where they are wrong, they are wrong again when they look at the repaired
image. So a repair is put before witnesses that learnt nothing of faults. Is the image as it came odd by its statistics,
and is it less so after the repair? Does it come to resemble the others of its set more, by its edges? Was what is
replaced of one value, as an occluder is and a shirt is not? What these say of repairs of images in which the kind was
planted, and of the same repair done to sound images, is known on this very set: an additive logistic model weighs it.
"""

from dataclasses import dataclass

import numpy as np

from toolkit._core.appearance import Neighbours
from toolkit._core.robust import RobustDistance

__all__ = ["Verdict", "Witnesses", "draw_line"]

# Statistics: share of the sound images that their scatter rests on, neighbours asked, images compared with at most.
_KEPT, _NEAREST, _MOST = 0.95, 5, 3000
# Nearer than this is the image itself.
_SAME = 1e-6
# Where planted and sound are far apart, the line is at least half way to the level that this share of the planted
# repairs pass, and never beyond it: what was done to an image of the set need not look quite like what is planted.
_PASSING, _HALF_WAY = 0.975, 0.5
# Folds in which the weights are fitted and judged; where the curve of a figure bends; how pliant the curves are.
_FOLDS, _KNOTS, _PLIANT = 5, (0.2, 0.4, 0.6, 0.8), 0.3


class Witnesses:
    """What speaks for a repair, measured against sound images of the set.

    Attributes
    ----------
    references_ : ndarray of shape (n_references, n_statistics)
        Whitened statistics of sound images.
    """

    def __init__(self, image_shape):
        self.image_shape = image_shape

    def fit(self, sound, generator):
        """Compare with ``sound`` images (uint8) from now on, and return self."""
        from toolkit.diagnostics import CorruptionDiagnostics

        rows = sound.reshape(len(sound), -1)
        self.statistics_ = CorruptionDiagnostics(image_shape=self.image_shape).fit(rows)
        values = np.asarray(self.statistics_.transform(rows), dtype=np.float64)
        self.distance_ = RobustDistance(_KEPT).fit(values)
        some = np.sort(generator.permutation(len(values))[:_MOST])
        self.references_ = self.distance_.whiten(values[some])
        self.neighbours_ = Neighbours().fit(sound, generator)
        return self

    def _oddness(self, images):
        """Log distance to the nearest sound images in whitened statistics."""
        from sklearn.neighbors import NearestNeighbors

        rows = images.reshape(len(images), -1)
        values = self.distance_.whiten(np.asarray(self.statistics_.transform(rows), dtype=np.float64))
        wanted = min(_NEAREST + 1, len(self.references_))
        near = NearestNeighbors(n_neighbors=wanted).fit(self.references_).kneighbors(values)[0]
        itself = near[:, 0] < _SAME
        place = np.minimum(_NEAREST - 1 + itself, wanted - 1)
        return np.log(near[np.arange(len(near)), place] + 1e-3)

    def testify(self, given, repaired):
        """Evidence for each repair.

        Parameters
        ----------
        given, repaired : ndarray of uint8, of shape (n, height, width[, 3])

        Returns
        -------
        ndarray of shape (n, 6)
            Oddness as it came, oddness repaired, similarity to its neighbours gained, that similarity when repaired,
            spread of the values that were replaced, size of the change.
        """
        if not len(given):
            return np.empty((0, 6))
        similar = self.neighbours_.similarity(repaired)
        change = np.abs(repaired.astype(np.float32) - given).reshape(len(given), -1) / 255
        before = given.reshape(len(given), -1) / np.float32(255)
        weight = change / np.maximum(change.sum(axis=1, keepdims=True), 1e-6)
        mean = (weight * before).sum(axis=1, keepdims=True)
        spread = np.sqrt((weight * (before - mean) ** 2).sum(axis=1))
        return np.column_stack(
            [
                self._oddness(given),
                self._oddness(repaired),
                similar - self.neighbours_.similarity(given),
                similar,
                spread,
                np.log(change.mean(axis=1) + 1e-4),
            ]
        )


def _bent(evidence, knots):
    """Each figure as a line with bends at its knots: (n, n_figures * (1 + n_knots))."""
    hinges = np.maximum(evidence[:, :, None] - knots[None], 0)
    return np.concatenate([evidence[:, :, None], hinges], axis=2).reshape(len(evidence), knots.size + len(knots))


@dataclass(frozen=True)
class Verdict:
    """Where the line is for the repairs of one kind.

    Parameters
    ----------
    knots : ndarray of shape (6, n_knots)
        Where the curve of each figure bends.
    weights, offset
        Of the additive model: ``_bent(evidence, knots) @ weights + offset``, in log-odds of a repair.
    line : float
        A repair stays at or above it.
    passing : float
        Share of planted images whose repair stays, on held-out ones.
    alarms : float
        Share of sound images on which the same repair would stay.
    """

    knots: np.ndarray
    weights: np.ndarray
    offset: float
    line: float
    passing: float
    alarms: float

    def stays(self, evidence):
        """Which repairs stay, by evidence of shape (n, 6)."""
        return _bent(evidence, self.knots) @ self.weights + self.offset >= self.line


def draw_line(planted, sound, would_change):
    """Weigh the evidence, and draw the line.

    Parameters
    ----------
    planted, sound : ndarray of shape (n, 6)
        Evidence on repairs of planted images, and on the same repair done to sound images.
    would_change : ndarray of bool of shape (n_sound,)
        Sound images that the repair would change at all.

    Returns
    -------
    Verdict
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    both, truth = np.concatenate([planted, sound]), np.repeat([1, 0], [len(planted), len(sound)])
    knots = np.quantile(both, _KNOTS, axis=0).T
    bent = _bent(both, knots)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_PLIANT, max_iter=1000))
    n_folds = min(_FOLDS, len(planted), len(sound))
    # Judged on images that the weights were not fitted to.
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    score = cross_val_predict(model, bent, truth, cv=folds, method="decision_function")
    scaler, logistic = (step for _, step in model.fit(bent, truth).steps)
    weights = logistic.coef_[0] / scaler.scale_
    ours, theirs = score[: len(planted)], score[len(planted) :]
    line = _line(ours, theirs, would_change)
    return Verdict(
        knots=knots,
        weights=weights,
        offset=float(logistic.intercept_[0] - weights @ scaler.mean_),
        line=line,
        passing=float((ours >= line).mean()),
        alarms=float((theirs[would_change] >= line).sum() / len(theirs)),
    )


def _line(ours, theirs, would_change):
    """The line between scores of planted and of sound images."""
    passing = float(np.quantile(ours, 1 - _PASSING))
    # Sound images that would not change cannot be harmed.
    highest = float(theirs[would_change].max(initial=-np.inf))
    if not np.isfinite(highest):
        return min(passing, float(theirs.max()))
    # No sound image may pass, and more is asked than so few can show: the line moves out by their spread.
    line = highest + float(theirs.std())
    if passing > highest:
        line = min(max(line, highest + _HALF_WAY * (passing - highest)), passing)
    return line
