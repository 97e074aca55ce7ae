"""repair_original: one picture repaired at its own size, if two judges see the fault, and not any more afterwards."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.names import check_names, lookup
from toolkit.restoration._original_judges import seen_in, why_no_better, why_not_seen
from toolkit.restoration._original_steps import STEPS

__all__ = ["ORIGINAL_METHODS", "ORIGINAL_REPAIRS", "OriginalRepair", "repair_original"]

ORIGINAL_REPAIRS = tuple(STEPS)
ORIGINAL_METHODS = {fault: tuple(methods) for fault, methods in STEPS.items()}
_SMALLEST = 96  # pixels of the shorter side: in less, the network sees one patch, and fur may be noise to it


class OriginalRepair(NamedTuple):
    """What :func:`repair_original` did.

    Attributes
    ----------
    image : ndarray of uint8
        Repaired, or as it came.
    repaired : bool
        Whether both judges saw the fault, and less of it afterwards: only then does ``image`` differ from what came.
    why_not : str
        Why it was left; empty where it was repaired.

    Examples
    --------
    >>> from skimage import data
    >>> from toolkit.restoration import repair_original
    >>> found = repair_original(data.chelsea()[:64, :64], "noisy")
    >>> found.repaired, found.why_not, found.image.shape
    (False, 'it is smaller than 96 pixels', (64, 64, 3))
    """

    image: NDArray
    repaired: bool
    why_not: str


@usual_floating_point
def repair_original(image: ArrayLike, fault: str, *, method: str | None = None) -> OriginalRepair:
    """Repair one picture at its original resolution, or leave it.

    Parameters
    ----------
    image : array-like of uint8, of shape (height, width) or (height, width, 3 or 4)
        One that is transparent somewhere is left.
    fault : str
        One of ``ORIGINAL_REPAIRS``: ``"hot_pixels"`` (median of their neighbours), ``"dead_lines"`` (what lies between
        their neighbours), ``"noisy"`` (non-local means, or learned), ``"jpeg_blocks"`` (mean over shifted
        compressions, or learned), ``"low_contrast"`` (stretched), ``"blurred"`` (learned).
    method : {"classical", "learned"}, default=None
        Of ``ORIGINAL_METHODS[fault]``.
        The learned ones are a small network that has seen procedural images only (``benchmarks/leaves_restorer.py``);
        :func:`choose_original_repair` says whether it is the better one on a set. None takes the classical one where
        there is one.

    Returns
    -------
    OriginalRepair

    Raises
    ------
    ValueError
        The fault, the method or the image is not of such a kind.

    See Also
    --------
    choose_original_repair : Which method serves a set, measured on it.

    Notes
    -----
    Two judges have to see the fault, a statistic of the pixels and a network of patches, and both less of it
    afterwards; otherwise the picture comes back as it is, with the reason. A picture from which blur was taken, blurred
    again, has to be what it was.

    References
    ----------
    A. Buades, B. Coll and J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    A. Nosratinia, "Enhancement of JPEG-compressed images by re-application of JPEG", J. VLSI Signal Processing, 2001.
    K. Zhang, W. Zuo and L. Zhang, "FFDNet: toward a fast and flexible solution for CNN-based image denoising", IEEE
    Transactions on Image Processing 27, 2018.

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
    methods = STEPS[fault]
    step = next(iter(methods.values())) if method is None else lookup(methods, method, f"method for {fault}")
    given = np.asarray(image)
    if given.dtype != np.uint8 or given.ndim not in (2, 3) or (given.ndim == 3 and given.shape[2] not in (3, 4)):
        raise ValueError(
            f"image must be uint8 of shape (height, width) or (height, width, 3 or 4), got {given.dtype} {given.shape}."
        )
    if given.ndim == 3 and given.shape[2] == 4:
        if (given[..., 3] < 255).any():
            return OriginalRepair(given, False, "it is transparent in places")
        found = repair_original(np.ascontiguousarray(given[..., :3]), fault, method=method)
        return found._replace(image=np.dstack([found.image, given[..., 3]]))
    if min(given.shape[:2]) < _SMALLEST:
        return OriginalRepair(given, False, f"it is smaller than {_SMALLEST} pixels")
    before = seen_in(given, fault, both=False)
    why_not = why_not_seen(before)
    if why_not:
        return OriginalRepair(given, False, why_not)
    pixels = step(given)
    why_not = why_no_better(given, pixels, fault, before)
    return OriginalRepair(given if why_not else pixels, not why_not, why_not)
