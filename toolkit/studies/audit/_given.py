"""What a study is given: images, and what is known of them by whoever holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.datasets import ImageSource, as_source, is_source

__all__ = ["images_and_names"]

_CHUNK = 4096  # images read at a time from a source


def images_and_names(given: ArrayLike | ImageSource) -> tuple[Any, dict[str, Any]]:
    """The images, and ``name``, ``paths``, ``notes`` and ``left_out`` as far as they are known."""
    held: Any = given
    known: dict[str, Any] = {"name": getattr(held, "name", "")}
    if not is_source(held):
        return held, known
    if getattr(held, "paths", None) is not None:
        known |= {"paths": held.paths, "notes": held.notes}
        if held.report is not None:
            known["left_out"] = held.skipped
    if hasattr(held, "images"):
        images, names = held.images, held.ids if isinstance(held, ImageSource) else ()
    else:
        source = as_source(held)
        images, names = np.concatenate(list(source.chunks(_CHUNK))), source.ids
    if "paths" not in known and any(isinstance(name, str) for name in names):
        known["paths"] = names
    return images, known
