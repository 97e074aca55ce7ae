"""Restorers by name: one table, and the pure function that applies them."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, iter_chunks, match_layout
from toolkit._core.names import lookup
from toolkit._core.pixel_scale import PixelScale
from toolkit.restoration import _geometric, _intensity, _scikit_image

__all__ = ["RESTORERS", "Restorer", "available_restorers", "restore_images", "restorer_in_words"]

_NOISE = ("gaussian_noise", "shot_noise", "speckle_noise")
_CHUNK = 4096


class Restorer(NamedTuple):
    """One restorer: what undoes which kinds, and how."""

    function: Callable  # stack, **params -> stack
    family: str
    undoes: tuple
    exact: bool = False  # only moves pixels: takes any dtype, loses nothing
    whole_set: bool = False  # looks at all images given, so they cannot be cut into chunks
    needs: str = ""
    words: str = ""  # what it did, in prose


def _learned(stack, **params):
    from toolkit.restoration._learned import restore_by_learning

    return restore_by_learning(stack, **params)


def _undo(symmetry, words):
    function = partial(_geometric.undo_symmetry, symmetry=symmetry)
    return Restorer(function, "geometry", (symmetry,), exact=True, words=words)


RESTORERS = {
    "tv": Restorer(_scikit_image.tv, "scikit-image", _NOISE, words="smoothed by total variation"),
    "nl_means": Restorer(_scikit_image.nl_means, "scikit-image", _NOISE, words="smoothed by non-local means"),
    "wavelet": Restorer(
        _scikit_image.wavelet, "scikit-image", _NOISE, needs="PyWavelets", words="smoothed by wavelets"
    ),
    "median": Restorer(
        _scikit_image.median, "scikit-image", ("salt_and_pepper", *_NOISE), words="by the median of the neighbours"
    ),
    "wiener": Restorer(_scikit_image.wiener, "scikit-image", ("gaussian_blur",), words="sharpened by Wiener's filter"),
    "richardson_lucy": Restorer(
        _scikit_image.richardson_lucy,
        "scikit-image",
        ("gaussian_blur",),
        words="sharpened by Richardson and Lucy's iteration",
    ),
    "inpaint_biharmonic": Restorer(
        _scikit_image.inpaint_biharmonic,
        "scikit-image",
        ("salt_and_pepper", "occlude", "stripe"),
        words="filled in from around it",
    ),
    "derotate": Restorer(_geometric.derotate, "geometry", ("rotate",), words="turned upright"),
    "unrotate_90": _undo("rotate_90", "turned back by a quarter, to the right"),
    "unrotate_180": _undo("rotate_180", "turned back by half"),
    "unrotate_270": _undo("rotate_270", "turned back by a quarter, to the left"),
    "unflip_horizontal": _undo("flip_horizontal", "mirrored back, left for right"),
    "unflip_vertical": _undo("flip_vertical", "mirrored back, top for bottom"),
    "untranspose": _undo("transpose", "transposed back"),
    "recentre": Restorer(_geometric.recentre, "geometry", ("translate",), whole_set=True, words="moved to the middle"),
    "rescale": Restorer(_geometric.rescale, "geometry", ("scale",), whole_set=True, words="brought to the usual size"),
    "unshear": Restorer(_geometric.unshear, "geometry", ("shear",), words="slant taken out"),
    "uninvert": Restorer(_intensity.uninvert, "intensity", ("invert",), words="inverted back"),
    "stretch_contrast": Restorer(
        _intensity.stretch_contrast,
        "intensity",
        ("low_contrast", "brightness"),
        whole_set=True,
        words="contrast stretched",
    ),
    "level_brightness": Restorer(
        _intensity.level_brightness, "intensity", ("brightness",), whole_set=True, words="brightness levelled"
    ),
    "learned": Restorer(
        _learned,
        "learned",
        (*_NOISE, "salt_and_pepper", "gaussian_blur", "motion_blur", "pixelate", "occlude", "stripe"),
        whole_set=True,
        words="by a network that learnt on this set",
    ),
}


def restorer_in_words(name: str) -> str:
    """What a restorer did, in prose.

    Parameters
    ----------
    name : str
        One of :func:`available_restorers`, several joined by ``+`` as an audit names them, or a name of one's own,
        which is only freed of underscores.

    Returns
    -------
    str

    Examples
    --------
    >>> from toolkit.restoration import restorer_in_words
    >>> restorer_in_words("derotate+learned"), restorer_in_words("my_own")
    ('turned upright, then by a network that learnt on this set', 'my own')
    """
    parts = [RESTORERS[part].words if part in RESTORERS else part.replace("_", " ") for part in str(name).split("+")]
    return ", then ".join(parts)


def available_restorers() -> pd.DataFrame:
    """Every restorer by name.

    Returns
    -------
    DataFrame
        ``name``, ``family``, ``undoes`` (kinds, separated by commas), ``exact`` (only moves pixels, loses nothing) and
        ``needs`` (a package beyond scikit-image, if any).

    Examples
    --------
    >>> available_restorers().query("name == 'derotate'")["undoes"].item()
    'rotate'
    """
    return pd.DataFrame(
        [
            {
                "name": name,
                "family": restorer.family,
                "undoes": ", ".join(restorer.undoes),
                "exact": restorer.exact,
                "needs": restorer.needs,
            }
            for name, restorer in RESTORERS.items()
        ]
    )


@usual_floating_point
def restore_images(X: ArrayLike, method: str, **params: Any) -> NDArray:
    """Apply one restorer to every image, whatever is wrong with it.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        Any finite numbers; flat rows of a square number of pixels are squares.
    method : str
        A name of :func:`available_restorers`.
    **params
        Passed to the restorer, in units of the range of X where they are brightnesses, in pixels where they are
        lengths, in degrees where they are angles: ``weight`` of ``"tv"``, ``angle`` of ``"derotate"`` and so on.
        ``"learned"`` takes ``clean`` (images to learn from; X itself if not given), ``kinds`` (corruptions to learn to
        undo) and ``random_state``.

    Returns
    -------
    ndarray
        In the layout, dtype and range of X.

    See Also
    --------
    ImageRestorer : Finds out what is wrong first, and repairs only that.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.restoration import restore_images
    >>> restore_images(np.array([[[0, 1], [2, 255]]], dtype=np.uint8), "uninvert")[0].tolist()
    [[255, 254], [253, 0]]
    """
    restorer = lookup(RESTORERS, method, "restorer")
    stack = as_stack(X)
    if restorer.exact and (stack.shape[1] == stack.shape[2] or "rotate_180" in restorer.undoes):
        return match_layout(restorer.function(stack, **params), X)
    scale = PixelScale.learn(stack)
    params = _in_units(params, scale)
    if restorer.whole_set or params:
        return match_layout(_apply(restorer, stack, scale, params), X)
    out = np.empty_like(stack)
    for part in iter_chunks(len(stack), _CHUNK):
        out[part] = _apply(restorer, stack[part], scale, params)
    return match_layout(out, X)


def _in_units(params, scale):
    """Parameters that are images or brightnesses in the caller's range, brought to the unit range."""
    converted = dict(params)
    for name in ("low", "high"):
        if converted.get(name) is not None:
            converted[name] = (float(converted[name]) - scale.low) / (scale.high - scale.low)
    if converted.get("clean") is not None:
        converted["clean"] = np.clip(scale.to_unit(as_stack(converted["clean"], name="clean")), 0, 1)
    return converted


def _apply(restorer, stack, scale, params):
    return scale.from_unit(restorer.function(scale.to_unit(stack), **params), stack.dtype)
