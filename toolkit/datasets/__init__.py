"""Where images come from: embedded sets, published sets, and files."""

from toolkit.datasets._digits import load_digits
from toolkit.datasets._glyphs import load_glyphs
from toolkit.datasets._image_set import ImageSet

__all__ = ["ImageSet", "load_digits", "load_glyphs"]
