"""How alike two pictures of a set must be to be called copies, learnt from the set itself.

Different pictures of a set are alike to a degree that differs by set: photographs hardly, digits of one class very
much. Below any threshold that separates copies from the rest there is a gap, and the number of pairs in the bands
beneath it says how many different pictures to expect above. The threshold is the lowest one at which these are few
against the pairs named. Copies planted in the set itself then say which share of copies it still finds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "as_evidence", "calibrate"]

LEAST_SIMILARITY = 0.75  # of any set: what is less alike is no copy
_BAND = 0.35  # of evidence
_FALSE_SHARE = 0.01  # pairs of different pictures among those named


@dataclass(frozen=True)
class Calibration:
    """What a set says of the similarity of different pictures.

    Attributes
    ----------
    threshold : float
        Pairs at least this similar are copies.
    expected_false : float
        Pairs of different pictures that are expected among those.
    raised : bool
        Whether the pictures of the set are alike by nature, so that more than usual is asked for.
    """

    threshold: float
    expected_false: float
    raised: bool


def as_evidence(similarity: NDArray) -> NDArray[np.float64]:
    """Similarity on a scale where 0.9, 0.99 and 0.999 are equally far apart.

    >>> as_evidence(np.array([0.9, 0.99, 0.999])).round(1).tolist()
    [2.3, 4.6, 6.9]
    """
    return -np.log(np.clip(1 - np.asarray(similarity, dtype=np.float64), 1e-6, 2))


def calibrate(similarity: NDArray, least: float = LEAST_SIMILARITY) -> Calibration:
    """Threshold of a set from the similarity of its candidate pairs.

    Parameters
    ----------
    similarity : ndarray of shape (n_pairs,)
        Of candidates, copies and different pictures alike.
    least : float
        The lowest threshold that comes into question.

    Examples
    --------
    A gap between different pictures and copies, and none:

    >>> import numpy as np
    >>> apart = np.r_[np.linspace(0.1, 0.6, 500), np.linspace(0.9, 0.99, 20)]
    >>> calibrate(apart).threshold
    0.75
    >>> calibrate(np.linspace(0.1, 0.98, 500)).threshold > 0.98
    True
    """
    evidence = np.sort(as_evidence(similarity))
    start = float(as_evidence(np.array(least)))
    tried = start + 0.05 * np.arange(120)
    for threshold in tried:
        above, band, below = (
            _count(evidence, threshold + low * _BAND, threshold + high * _BAND)
            for low, high in ((0, 99), (-1, 0), (-2, -1))
        )
        # How fast the number of different pictures falls from band to band: at least by a half, or as it does below.
        ratio = min(max(band, 1) / max(below, 1), 0.5)
        expected = band * ratio / (1 - ratio)
        if expected <= _FALSE_SHARE * above or (band == 0 and above == 0) or expected < 0.5:
            raised = bool(threshold > start + 1e-9)
            return Calibration(float(1 - np.exp(-threshold)), float(expected), raised)
    return Calibration(1.0, 0.0, True)


def _count(evidence: NDArray, low: float, high: float) -> int:
    first, last = np.searchsorted(evidence, [low, high])
    return int(last - first)
