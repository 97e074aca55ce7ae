"""Look at an image from four sides: what a flip or a half turn would make of it has to agree.

If an image is a clean one that was flipped, then its mirror image is clean, and its half turn is a clean one flipped
the other way. So the network's predictions on the four views of the Klein four-group (identity, half turn, both flips),
each led back to the image itself, are four predictions on one question, and their mean is better than any of them.
"""

import numpy as np

from toolkit._core.geometry import dihedral
from toolkit.corruption import SYMMETRIES

__all__ = ["TWO_VIEWS", "VIEWS", "merge_augmentations", "symmetry_codes"]

VIEWS = ("identity", "rotate_180", "flip_horizontal", "flip_vertical")
# With other witnesses beside the networks, two say as much as four.
TWO_VIEWS = VIEWS[:2]

# What each symmetry does to three marked pixels tells which symmetry a product of two is.
_MARKS = np.arange(9).reshape(1, 3, 3)
_SYMMETRIES = ("identity", *SYMMETRIES)


def _product(view, symmetry):
    """Name of the symmetry that is ``symmetry`` followed by ``view``; None if it has no name among the kinds."""
    seen = dihedral(dihedral(_MARKS, symmetry), view)
    for name in _SYMMETRIES:
        if np.array_equal(dihedral(_MARKS, name), seen):
            return name
    return None


def symmetry_codes(kinds):
    """Output code of each symmetry that the network names: ``{"identity": 0, "rotate_180": 7, ...}``."""
    codes = {"identity": 0}
    codes.update({kind: code for code, kind in enumerate(kinds, start=1) if kind in _SYMMETRIES})
    return codes


def merge_augmentations(by_view, kinds):
    """Merge the log-likelihoods of the four views.

    Parameters
    ----------
    by_view : dict of str to ndarray of shape (n, n_outputs)
        Log-likelihoods of the outputs on each view of the images.
    kinds : tuple of str
        The named kinds, in the order of the outputs.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Only how the symmetries share their common likelihood has changed; the other kinds are known from the image as
        it is.
    """
    plain = by_view["identity"]
    codes = symmetry_codes(kinds)
    group = list(codes.values())
    if len(group) < 2:
        return plain
    total = np.logaddexp.reduce(plain[:, group], axis=1, keepdims=True)
    predictions = np.zeros((len(plain), len(group)))
    counts = np.zeros(len(group))
    for view, logs in by_view.items():
        seen = {name: codes.get(_product(view, name)) for name in codes}
        known = [code for code in seen.values() if code is not None]
        # Within the symmetries only: a view of a noisy image is a case of two corruptions, never planted alone.
        norm = np.logaddexp.reduce(logs[:, known], axis=1)
        for position, name in enumerate(codes):
            if seen[name] is not None:
                predictions[:, position] += logs[:, seen[name]] - norm
                counts[position] += 1
    predictions /= counts
    predictions -= np.logaddexp.reduce(predictions, axis=1, keepdims=True)
    merged = plain.copy()
    merged[:, group] = total + predictions
    return merged
