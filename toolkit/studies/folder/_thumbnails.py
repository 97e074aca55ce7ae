"""Small pictures of files, by path, decoded for a page: those that are shown, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.datasets import FileSurvey, read_original
from toolkit.exceptions import DataFormatError

__all__ = ["thumbnails"]

_SIDE = 112
_PAPER = 244  # grey level around a picture that is no square, which is no part of it


def thumbnails(survey: FileSurvey, paths: Sequence[str], *, side: int = _SIDE) -> NDArray:
    """uint8 pictures of shape (len(paths), side, side, 3), each as it is shown, on light grey.

    One that can no longer be read is grey throughout: it changed meanwhile, and the page shows that there is nothing.
    """
    places = {path: place for place, path in enumerate(survey.files["path"])}
    height, width = survey.files["height"].to_numpy(), survey.files["width"].to_numpy()
    stack = np.full((len(paths), side, side, 3), _PAPER, dtype=np.uint8)
    for row, path in enumerate(paths):
        place = places[path]
        longest = max(height[place], width[place], 1)
        inner = [max(1, round(side * length / longest)) for length in (height[place], width[place])]
        try:
            picture = read_original(survey.root, survey.names[place], size=(inner[0], inner[1]))
        except DataFormatError:
            continue
        top, left = (side - inner[0]) // 2, (side - inner[1]) // 2
        stack[row, top : top + inner[0], left : left + inner[1]] = picture.reshape(*inner, -1)
    return stack
