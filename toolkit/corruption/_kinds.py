"""The table of corruption kinds: their order, families and default ranges.

The ranges are data and were fixed before anything was tuned on them. Two models were narrowed later, while the
identifier was being built: occluders first lay anywhere, half of them in the background's colour and the others in any
grey; stripes were first bright or dark at random. Figures for these two kinds hold for the models as they stand now.

Lengths are in pixels of a 28 x 28 image and grow with the image: a length is multiplied by the square root of
``height * width`` over 28.
"""

from typing import NamedTuple

__all__ = ["FAMILIES", "KINDS", "MEASURED_KINDS", "STRENGTHS", "SYMMETRIES", "Strength"]


class Strength(NamedTuple):
    """What makes a kind stronger, at severity 0 and at severity 1."""

    parameter: str
    weakest: float
    strongest: float
    unit: str  # a unit that begins with "px" is a length, and grows with the image


# kind: (family, measured, strength or None for a kind that is there or not)
_TABLE = {
    "gaussian_noise": ("noise", True, Strength("sigma", 0.10, 0.35, "of the range")),
    "shot_noise": ("noise", False, Strength("photons", 15.0, 3.0, "at full brightness")),
    "speckle_noise": ("noise", False, Strength("sigma", 0.30, 0.80, "of the pixel")),
    "salt_and_pepper": ("noise", True, Strength("amount", 0.05, 0.25, "of the pixels")),
    "gaussian_blur": ("blur", True, Strength("sigma", 1.0, 2.2, "px")),
    "motion_blur": ("blur", False, Strength("length", 6.0, 11.0, "px")),
    "rotate": ("geometry", True, Strength("turn", 20.0, 80.0, "degrees, either way")),
    "rotate_90": ("geometry", False, None),
    "rotate_180": ("geometry", True, None),
    "rotate_270": ("geometry", False, None),
    "flip_horizontal": ("geometry", True, None),
    "flip_vertical": ("geometry", True, None),
    "transpose": ("geometry", False, None),
    "invert": ("intensity", True, None),
    "occlude": ("occlusion", True, Strength("side", 7.0, 11.0, "px")),
    "stripe": ("occlusion", True, Strength("opacity", 0.40, 1.00, "of the line")),
    "low_contrast": ("intensity", True, Strength("factor", 0.45, 0.15, "of the contrast")),
    "brightness": ("intensity", False, Strength("offset", 0.20, 0.50, "of the range, either way")),
    "translate": ("geometry", True, Strength("distance", 5.0, 7.0, "px, any direction")),
    "scale": ("geometry", False, Strength("factor", 1.35, 1.80, "larger or smaller")),
    "shear": ("geometry", False, Strength("slant", 0.40, 0.90, "px per px, either way")),
    "pixelate": ("blur", False, Strength("block", 3.0, 6.0, "px")),
}

KINDS = tuple(_TABLE)
MEASURED_KINDS = tuple(kind for kind, (_, measured, _) in _TABLE.items() if measured)
FAMILIES = {kind: family for kind, (family, _, _) in _TABLE.items()}
STRENGTHS = {kind: strength for kind, (_, _, strength) in _TABLE.items()}

# Kinds that only move pixels to other pixels: two of them may cancel each other.
SYMMETRIES = ("rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose")
