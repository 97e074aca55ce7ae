"""Small pictures of files, by path, decoded for a page: those that are shown, and no others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit.audit import FileAudit
from toolkit.datasets import read_original
from toolkit.exceptions import DataFormatError

__all__ = ["thumbnails"]

_SIDE = 112


def thumbnails(files: FileAudit, paths: Sequence[str]) -> NDArray:
    """uint8 pictures of shape (len(paths), side, side, 3), each as it is shown, with black at two sides."""
    places = {path: place for place, path in enumerate(files.survey.files["path"])}
    return small_pictures(files.survey.root, [files.survey.names[places[path]] for path in paths])


def small_pictures(root, names):
    """The same of any folder; grey where one can no longer be read."""
    stack = np.full((len(names), _SIDE, _SIDE, 3), 128, dtype=np.uint8)
    known = {}
    for row, name in enumerate(names):
        if name not in known:
            try:
                known[name] = read_original(root, name, size=(_SIDE, _SIDE))
            except DataFormatError:  # it changed meanwhile: the page shows that there is nothing
                known[name] = stack[row]
        stack[row] = known[name]
    return stack
