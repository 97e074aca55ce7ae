"""Types that public signatures share beside numpy's ``ArrayLike`` and ``NDArray``.

Types of libraries that a module does not load by itself (pandas in most) stand as strings, imported for type checkers
only: an annotation costs nothing at run time.
"""

import os
from typing import Any, Literal, TypeAlias

import numpy as np

__all__ = ["BY_POSITION", "Contamination", "ImageShape", "PathLike", "RandomState"]

# A seed, a generator to draw from, or None for fresh entropy; see toolkit._core.random.
RandomState: TypeAlias = int | np.random.RandomState | np.random.Generator | None

# (height, width) or (height, width, 3); None where it is to be found out.
ImageShape: TypeAlias = tuple[int, ...] | None

PathLike: TypeAlias = str | os.PathLike[str]

# Where a detector cuts: a share of the training rows, or its own rule.
Contamination: TypeAlias = float | Literal["auto"]

# Default of the ids of images: each is called by its position.
BY_POSITION: Any = None
