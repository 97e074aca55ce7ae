"""All everyday statistics of one image, by name."""

from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit.diagnostics.everyday._borders import borders
from toolkit.diagnostics.everyday._colour import colour
from toolkit.diagnostics.everyday._flat import flat
from toolkit.diagnostics.everyday._grids import grids
from toolkit.diagnostics.everyday._layout import layout
from toolkit.diagnostics.everyday._lines import lines
from toolkit.diagnostics.everyday._noise import noise
from toolkit.diagnostics.everyday._sharpness import sharpness
from toolkit.diagnostics.everyday._tone import tone
from toolkit.diagnostics.everyday._views import ImageViews

__all__ = ["GROUPS", "everyday_statistics"]

# group: function(views) -> {statistic: value}
GROUPS = {
    "tone": tone,
    "colour": colour,
    "sharpness": sharpness,
    "noise": noise,
    "lines": lines,
    "grids": grids,
    "borders": borders,
    "flat": flat,
    "layout": layout,
}


@usual_floating_point
def everyday_statistics(image: ArrayLike) -> dict[str, float]:
    """Statistics that tell everyday faults of one image, at its original size.

    Parameters
    ----------
    image : array-like of uint8 (or bool), of shape (height, width) or (height, width, 3 or 4)
        Transparency is seen on white.

    Returns
    -------
    dict of str to float
        Always the same names in the same order; NaN where a statistic says nothing of this image.

    Raises
    ------
    ValueError
        If the image is not of such a type and shape, or has no pixel.

    See Also
    --------
    EverydayDiagnostics : The same of a stack of images of one size, as a transformer.
    toolkit.audit.judge_everyday : What they mean in a set.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.diagnostics import everyday_statistics
    >>> image = np.full((60, 80, 3), 255, dtype=np.uint8)
    >>> image[12:48] = np.random.default_rng(0).integers(0, 200, (36, 80, 3))
    >>> found = everyday_statistics(image)
    >>> found["bar_top"], found["bar_bottom"], found["is_colour"]
    (0.2, 0.2, 1.0)
    """
    views = ImageViews(image)
    found: dict[str, float] = {}
    for group in GROUPS.values():
        found |= group(views)
    return {name: float(value) for name, value in found.items()}
