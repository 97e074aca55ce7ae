"""Restorers against clean copies: every method on every set with every seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.names import lookup
from toolkit._core.random import check_seeds
from toolkit.comparison._cells import run_cells
from toolkit.comparison._detectors import data_id
from toolkit.comparison._methods import seeded

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["compare_restorers"]

_MEASURED = (
    "psnr_gain",
    "psnr_gain_mean",
    "ssim_gain",
    "improved",
    "worsened",
    "clean_changed",
    "fit_seconds",
    "restore_seconds",
)

# A perfect copy has infinite PSNR; beyond this no eye sees a difference.
_CAP = 60.0
# Changes of PSNR below this count as none.
_NOTICEABLE = 0.1


def _from_name(name):
    from toolkit.restoration import ImageRestorer, available_restorers, restore_images

    known = {**dict.fromkeys(available_restorers()["name"]), "image_restorer": ImageRestorer}
    lookup(known, name, "restorer")
    return ImageRestorer() if name == "image_restorer" else partial(restore_images, method=name)


def _resolve(restorers):
    if isinstance(restorers, str):
        restorers = [restorers]
    if not isinstance(restorers, dict):
        restorers = {name: name for name in restorers}
    if not restorers:
        raise ValueError("At least one restorer is needed, got none.")
    resolved = {}
    for name, restorer in restorers.items():
        if isinstance(restorer, str):
            restorer = _from_name(restorer)
        fits = hasattr(restorer, "fit") and (hasattr(restorer, "restore") or hasattr(restorer, "transform"))
        if not fits and not callable(restorer):
            raise TypeError(
                f"Restorer {name!r} must be a name, a function of images, or have fit and restore (or transform), "
                f"got {type(restorer).__name__}."
            )
        resolved[str(name)] = restorer
    return resolved


def _check_data(data):
    if not isinstance(data, dict) or not data:
        raise ValueError("data must be a non-empty dict of name to (corrupted, clean).")
    sets = {}
    for name, given in data.items():
        try:
            corrupted, clean = given
        except (TypeError, ValueError):
            raise ValueError(f"data[{name!r}] must be (corrupted, clean).") from None
        corrupted, clean = (
            plain_stack(as_array(part, part_name), part_name)
            for part, part_name in ((corrupted, f"data[{name!r}]: corrupted"), (clean, f"data[{name!r}]: clean"))
        )
        if corrupted.shape != clean.shape or corrupted.ndim < 2 or not len(clean):
            raise ValueError(
                f"data[{name!r}]: corrupted and clean must be images of one shape, "
                f"got {corrupted.shape} and {clean.shape}."
            )
        if not (corrupted != clean).any():
            raise ValueError(f"data[{name!r}]: corrupted equals clean, so there is nothing to restore.")
        sets[str(name)] = (corrupted, clean)
    return sets


def _restore(restorer, X, seed):
    """Restored images, and the seconds of fitting and of restoring."""
    start = perf_counter()
    if hasattr(restorer, "fit"):
        restorer = seeded(restorer, seed).fit(X)
        fitted = perf_counter()
        images = restorer.restore(X)[0] if hasattr(restorer, "restore") else restorer.transform(X)
    else:
        fitted = start
        images = restorer(X)
    return images, fitted - start, perf_counter() - fitted


def _quality(images, clean, data_range):
    """PSNR, capped, and SSIM of each image."""
    from toolkit.restoration import psnr, ssim

    return psnr(images, clean, data_range, cap=_CAP), np.asarray(ssim(images, clean, data_range))


def _cell(restorer, corrupted, clean, seed):
    from toolkit._core.images import as_stack
    from toolkit._core.pixel_scale import PixelScale

    images, fit_seconds, restore_seconds = _restore(restorer, corrupted, seed)
    images = plain_stack(as_array(images))
    if images.shape != corrupted.shape or not np.isfinite(images).all():
        raise ValueError(f"Restored images must be finite and of shape {corrupted.shape}, got shape {images.shape}.")
    scale = PixelScale.learn(clean)
    data_range = scale.high - scale.low
    changed = (images != corrupted).reshape(len(clean), -1).any(axis=1)
    damaged = (corrupted != clean).reshape(len(clean), -1).any(axis=1)
    psnr_gain, ssim_gain = np.zeros(len(clean)), np.zeros(len(clean))
    # An image that was left alone gained nothing, exactly.
    rows = np.flatnonzero(changed)
    if len(rows):
        truth = as_stack(clean)[rows]
        before = _quality(as_stack(corrupted)[rows], truth, data_range)
        after = _quality(as_stack(images)[rows], truth, data_range)
        psnr_gain[rows], ssim_gain[rows] = after[0] - before[0], after[1] - before[1]
    gains = psnr_gain[damaged]
    return {
        "psnr_gain": float(np.median(gains)),
        "psnr_gain_mean": float(gains.mean()),
        "ssim_gain": float(np.median(ssim_gain[damaged])),
        "improved": float((gains > _NOTICEABLE).mean()),
        "worsened": float((gains < -_NOTICEABLE).mean()),
        "clean_changed": float(changed[~damaged].mean()) if (~damaged).any() else np.nan,
        "fit_seconds": fit_seconds,
        "restore_seconds": restore_seconds,
    }, psnr_gain


@overload
def compare_restorers(
    *,
    restorers: "str | Sequence[str] | Mapping[str, str | BaseEstimator | Callable[[NDArray], NDArray]]",
    data: Mapping[str, tuple[ArrayLike, ArrayLike]],
    seeds: Iterable[int] = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_gains: Literal[False] = ...,
) -> "pd.DataFrame": ...


@overload
def compare_restorers(
    *,
    restorers: "str | Sequence[str] | Mapping[str, str | BaseEstimator | Callable[[NDArray], NDArray]]",
    data: Mapping[str, tuple[ArrayLike, ArrayLike]],
    seeds: Iterable[int] = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_gains: Literal[True],
) -> "tuple[pd.DataFrame, dict[tuple[str, int], pd.DataFrame]]": ...


@usual_floating_point
def compare_restorers(
    *,
    restorers: "str | Sequence[str] | Mapping[str, str | BaseEstimator | Callable[[NDArray], NDArray]]",
    data: Mapping[str, tuple[ArrayLike, ArrayLike]],
    seeds: Iterable[int] = (0,),
    n_jobs: int | None = 1,
    verbose: bool = False,
    return_gains: bool = False,
) -> "pd.DataFrame | tuple[pd.DataFrame, dict[tuple[str, int], pd.DataFrame]]":
    """Fit every restorer on every corrupted set with every seed and compare with the clean copy.

    Parameters
    ----------
    restorers : list of str, or dict of str to str, estimator or function
        Names as in ``toolkit.restoration.available_restorers`` and ``"image_restorer"``; objects with ``fit`` and
        ``restore`` or ``transform``; functions from images to images. Estimators are cloned, never changed, and see the
        corrupted images only.
    data : dict of str to (corrupted, clean)
        Arrays of one shape; rows that are equal in both are the clean ones.
    seeds : iterable of int, default=(0,)
    n_jobs : int or None, default=1
        Cells at a time, as in joblib, on whichever backend is active.
    verbose : bool, default=False
    return_gains : bool, default=False
        Return the gain of each image as well.

    Returns
    -------
    table : DataFrame
        One row per method x data x seed. Over the corrupted rows: psnr_gain (median, dB; PSNR capped at 60, rows left
        alone count 0), psnr_gain_mean, ssim_gain (median), improved and worsened (shares by more than 0.1 dB). Over the
        clean rows: clean_changed (share of which any pixel changed). Then fit_seconds, restore_seconds, status, error,
        n_corrupted, data_id. A failed cell holds NaN.
    gains : dict of (data, seed) to DataFrame of shape (n_samples, n_methods)
        With ``return_gains``: PSNR gain of each row in dB.

    See Also
    --------
    compare_detectors : The same for detectors.
    pivot_table, rank_methods, significance : What to make of the table.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import median_filter
    >>> from toolkit.comparison import compare_restorers
    >>> from toolkit.datasets import load_digits
    >>> clean = load_digits().images[:20]
    >>> corrupted = clean.copy()
    >>> corrupted[:10, 3::7, 3::7] = 255
    >>> filters = {"median": lambda images: median_filter(images, size=(1, 3, 3)), "nothing": np.copy}
    >>> table = compare_restorers(restorers=filters, data={"digits": (corrupted, clean)})
    >>> table[["method", "n_corrupted", "improved", "clean_changed"]].values.tolist()
    [['median', 10, 1.0, 1.0], ['nothing', 10, 0.0, 0.0]]
    """
    methods, sets, seeds = _resolve(restorers), _check_data(data), check_seeds(seeds)
    damaged = {name: (a != b).reshape(len(a), -1).any(axis=1).sum() for name, (a, b) in sets.items()}
    table, gains = run_cells(
        _cell,
        methods,
        sets,
        seeds,
        arguments=lambda restorer, pair: {"restorer": restorer, "corrupted": pair[0], "clean": pair[1]},
        measured=_MEASURED,
        known={name: {"n_corrupted": int(damaged[name]), "data_id": data_id(*pair)} for name, pair in sets.items()},
        n_jobs=n_jobs,
        verbose=verbose,
        desc="restoring",
    )
    return (table, gains) if return_gains else table
