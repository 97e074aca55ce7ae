"""Intensity: inversion, contrast and brightness. Clipping is left to the caller."""

import numpy as np

from toolkit.corruption._background import per_image

__all__ = ["brightness", "invert", "low_contrast"]


def invert(stack, _, generator):
    """Exchange dark and bright."""
    return 1 - stack, {}


def low_contrast(stack, factor, generator):
    """Shrink the contrast to ``factor`` about a grey level, the ``pivot``.

    Faint ink on black is a pivot of 0, faint ink on white one of 1, a grey veil something between; the ends have a
    sixth of the images each.
    """
    pivot = np.clip(generator.uniform(-0.25, 1.25, len(stack)), 0, 1)
    c, p = per_image(factor, stack), per_image(pivot, stack)
    return stack * c + p * (1 - c), {"factor": factor, "pivot": pivot}


def brightness(stack, offset, generator):
    """Add ``offset``, or take it away."""
    offset = offset * generator.choice([-1.0, 1.0], len(stack))
    return stack + per_image(offset, stack), {"offset": offset}
