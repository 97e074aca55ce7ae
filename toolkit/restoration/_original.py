"""repair_original: one picture repaired at its own size, if two judges see the fault, and not any more afterwards."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.names import check_names
from toolkit.diagnostics import EVERYDAY_FAULTS, damage_scores, everyday_statistics
from toolkit.restoration._original_steps import STEPS, dead_line_places

__all__ = ["ORIGINAL_REPAIRS", "OriginalRepair", "repair_original"]

ORIGINAL_REPAIRS = tuple(STEPS)
_DAMAGES = {
    "hot_pixels": ("hot_pixels", "salt_and_pepper"),
    "dead_lines": ("dead_lines",),
    "noisy": ("noise",),
    "jpeg_blocks": ("jpeg",),
    "low_contrast": ("low_contrast",),
}
_SEEN = 0.4  # probability of the damage from which the network counts as having seen it
_FALLS = 0.5  # share of that probability that may be left
_SMALLEST = 64  # pixels of the shorter side


class OriginalRepair(NamedTuple):
    """What :func:`repair_original` did.

    Attributes
    ----------
    image : ndarray of uint8
        Repaired, or as it came.
    repaired : bool
    why_not : str
        Empty where it was repaired.
    """

    image: NDArray
    repaired: bool
    why_not: str


@usual_floating_point
def repair_original(image: ArrayLike, fault: str) -> OriginalRepair:
    """Repair one picture at its original resolution, or leave it.

    Parameters
    ----------
    image : array-like of uint8, of shape (height, width) or (height, width, 3)
    fault : str
        One of ``ORIGINAL_REPAIRS``: ``"hot_pixels"`` (median of their neighbours), ``"dead_lines"`` (what lies between
        their neighbours), ``"noisy"`` (non-local means), ``"jpeg_blocks"`` (mean over shifted compressions),
        ``"low_contrast"`` (stretched).

    Returns
    -------
    OriginalRepair

    Raises
    ------
    ValueError
        The fault or the image is not of such a kind.

    Notes
    -----
    Two judges have to see the fault, a statistic of the pixels and a network of patches, and both less of it
    afterwards; otherwise the picture comes back as it is, with the reason.

    References
    ----------
    A. Buades, B. Coll and J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    A. Nosratinia, "Enhancement of JPEG-compressed images by re-application of JPEG", J. VLSI Signal Processing, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage import data
    >>> from toolkit.restoration import repair_original
    >>> picture = data.chelsea()[:128, 150:278]
    >>> spoilt = picture.copy()
    >>> spoilt[40] = 255
    >>> found = repair_original(spoilt, "dead_lines")
    >>> found.repaired, repair_original(picture, "dead_lines").repaired
    (True, False)
    """
    (fault,) = check_names([fault], STEPS, "repair")
    given = np.asarray(image)
    if given.dtype != np.uint8 or given.ndim not in (2, 3) or (given.ndim == 3 and given.shape[2] != 3):
        raise ValueError(
            f"image must be uint8 of shape (height, width) or (height, width, 3), got {given.dtype} {given.shape}."
        )
    if min(given.shape[:2]) < _SMALLEST:
        return OriginalRepair(given, False, f"it is smaller than {_SMALLEST} pixels")
    before = _judged(given, fault)
    if not before[0]:
        return OriginalRepair(given, False, "the statistic of its pixels does not show it")
    if before[1] < _SEEN:
        return OriginalRepair(given, False, "the network does not see it")
    found = STEPS[fault](given)
    after = _judged(found, fault)
    if after[1] > _FALLS * before[1]:
        return OriginalRepair(given, False, "the network still sees it afterwards")
    if fault != "jpeg_blocks" and after[0]:
        return OriginalRepair(given, False, "the statistic still shows it afterwards")
    return OriginalRepair(found, True, "")


def _judged(image: NDArray, fault: str) -> tuple[bool, float]:
    """Whether the statistic shows the fault, and the network's probability of it."""
    said = damage_scores(image)
    share = sum(said[f"share_{name}"] for name in _DAMAGES[fault])
    if fault == "dead_lines":
        return bool(sum(len(places) for places in dead_line_places(image))), share
    row = EVERYDAY_FAULTS[fault]
    value = everyday_statistics(image)[row.statistic]
    return bool(value > row.never if row.high else value < row.never), share
