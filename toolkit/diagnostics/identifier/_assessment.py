"""What the identifier says of images, all of it from one pass of the networks."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.corruption import ANGLES, STRENGTHS

__all__ = ["Assessment", "findings_frame"]


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
