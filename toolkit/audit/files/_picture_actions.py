"""What a plan may have repaired in the pixels of a file: which fault each action undoes, and in which way."""

from typing import NamedTuple

__all__ = ["PICTURE_ACTIONS", "PictureAction", "action_for"]


class PictureAction(NamedTuple):
    """A repair of pixels, as a plan names it.

    Attributes
    ----------
    fault : str
        What it undoes, as :func:`toolkit.restoration.repair_original` names it.
    method : str
        In which way, likewise.
    words : str
        What is done.
    """

    fault: str
    method: str
    words: str


PICTURE_ACTIONS = {
    "denoise": PictureAction("noisy", "classical", "noise taken out"),
    "denoise_learned": PictureAction("noisy", "learned", "noise taken out by a network"),
    "deblock": PictureAction("jpeg_blocks", "classical", "blocks of compression smoothed"),
    "deblock_learned": PictureAction("jpeg_blocks", "learned", "blocks of compression smoothed by a network"),
    "deblur": PictureAction("blurred", "learned", "blur taken out by a network"),
    "fill_pixels": PictureAction("hot_pixels", "classical", "lost pixels filled"),
    "fill_lines": PictureAction("dead_lines", "classical", "lost lines filled"),
    "stretch": PictureAction("low_contrast", "classical", "contrast raised"),
}


def action_for(fault: str, method: str) -> str:
    """The action that repairs a fault in one way.

    >>> action_for("noisy", "learned")
    'denoise_learned'
    """
    return next(name for name, action in PICTURE_ACTIONS.items() if action[:2] == (fault, method))
