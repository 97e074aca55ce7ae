"""What the identifier says of images, all of it from one pass of the networks."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.corruption import ANGLES, STRENGTHS

__all__ = ["Assessment", "Judged", "findings_frame"]


@dataclass(frozen=True)
class Assessment:
    """All that :class:`~toolkit.diagnostics.CorruptionIdentifier` says of n images.

    Each image is judged once; whoever needs more than one of these asks for all of them.

    Attributes
    ----------
    findings : DataFrame of n rows
        What ``identify`` returns.
    probabilities : ndarray of shape (n, n_kinds)
        Of each of ``kinds_``.
    scores : ndarray of shape (n,)
        What ``score_samples`` returns: higher is more normal.
    features : ndarray of shape (n, n_features)
        Of the networks' penultimate layers.
    statistics : ndarray of float64, of shape (n, n_statistics)
        What ``diagnostics_`` measures.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.diagnostics import CorruptionIdentifier
    >>> images = load_digits().images[:20]
    >>> identifier = CorruptionIdentifier(["invert", "occlude"], epochs=0, random_state=0).fit(images)
    >>> found = identifier.assess(images[:5])
    >>> len(found), found.probabilities.shape, identifier.kinds_.tolist()
    (5, (5, 4), ['clean', 'invert', 'occlude', 'unknown'])
    >>> found.findings.columns.tolist()
    ['kind', 'probability', 'severity', 'angle', 'clean_probability']
    """

    findings: pd.DataFrame
    probabilities: NDArray
    scores: NDArray
    features: NDArray
    statistics: NDArray

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, rows: NDArray) -> "Assessment":
        """The same of some of the images, by position or mask."""
        rows = np.arange(len(self))[rows]
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return Assessment(
            findings=parts.pop("findings").iloc[rows].reset_index(drop=True),
            **{name: values[rows] for name, values in parts.items()},
        )

    @classmethod
    def concatenate(cls, parts: list["Assessment"]) -> "Assessment":
        """One assessment of the images of several, in order."""
        columns = {field.name: [getattr(part, field.name) for part in parts] for field in fields(cls)}
        return cls(
            findings=pd.concat(columns.pop("findings"), ignore_index=True),
            **{name: np.concatenate(values) for name, values in columns.items()},
        )


@dataclass(frozen=True)
class Judged:
    """What is known of n images before anything is concluded from it.

    Attributes
    ----------
    prediction : Prediction
        By the networks.
    statistics : ndarray of shape (n, n_statistics)
    logs : ndarray of shape (n, n_outputs)
        Log-likelihoods by all witnesses.
    """

    prediction: Any
    statistics: NDArray
    logs: NDArray

    def take(self, rows):
        """The same of some of the images."""
        return Judged(self.prediction.take(rows), self.statistics[rows], self.logs[rows])

    def conclude(self, kinds, calibration, novelty_score, angles):
        """The assessment, novelty included; ``angles(rows)`` says how far images found rotated were turned."""
        logs = self.logs
        probabilities = calibration.probabilities(logs)
        novelty = novelty_score.score(self.prediction.features, self.statistics)
        beyond = novelty + calibration.corruption_log_odds(logs) > novelty_score.limit_
        novel = beyond & (calibration.codes(probabilities) == 0)
        moved = probabilities[novel, 0] * (1 - novelty_score.excess_)
        probabilities[novel, 0] -= moved
        probabilities[novel, -1] += moved
        # Images are ordered by all that speaks against them, that which is too weak to be named here included.
        clean = calibration.clean_probability(logs)
        clean = np.clip(np.where(novel, clean * novelty_score.excess_, clean), 1e-6, 1 - 1e-6)
        scores = np.log(clean) - np.log1p(-clean) - novelty
        codes = calibration.codes(probabilities)
        angle = np.zeros(len(logs))
        rotated = np.flatnonzero(kinds[codes] == "rotate")
        if len(rotated):
            angle[rotated] = angles(rotated)
        findings = findings_frame(kinds, codes, probabilities, self.prediction.severity, angle)
        return Assessment(findings, probabilities, scores, self.prediction.features, self.statistics)


def findings_frame(kinds, codes, probabilities, severity, angle):
    """The frame of ``identify``.

    Parameters
    ----------
    kinds : ndarray of str
        ``"clean"``, the named kinds, ``"unknown"``.
    codes : ndarray of int of shape (n,)
        What each image is found to be, an index into ``kinds``.
    probabilities : ndarray of shape (n, n_kinds)
    severity : ndarray of shape (n,)
        As the networks guess it for any image.
    angle : ndarray of shape (n,)
        Of images found rotated, in degrees; the others' is that of their kind.
    """
    kind = kinds[codes]
    certain = np.isin(kind, [name for name, strength in STRENGTHS.items() if strength is None])
    fixed = np.array([ANGLES.get(name, 0.0) for name in kind])
    return pd.DataFrame(
        {
            "kind": kind.astype(object),
            "probability": probabilities[np.arange(len(codes)), codes],
            "severity": np.where(certain, 1.0, np.where(codes == 0, 0.0, severity)).astype(float),
            "angle": np.where(kind == "rotate", angle, fixed),
            "clean_probability": probabilities[:, 0],
        }
    )
