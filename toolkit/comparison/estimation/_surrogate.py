"""A surrogate of a set of images with ground truth: rows that look clean, corruptions injected into a share of them."""

from dataclasses import dataclass

import numpy as np

__all__ = ["ContaminationModel", "SurrogateSet", "make_surrogate", "share_out"]


@dataclass(frozen=True)
class ContaminationModel:
    """Which rows of a set are corrupted, how many, and in which ways, as far as is known.

    Parameters
    ----------
    clean_probability : ndarray of shape (n_samples,)
    kind_weights : dict of str to float
        Shares of the kinds among the corrupted; ``"unknown"`` stands for outliers of no particular kind.
    prevalence : float
        Share of corrupted images.
    """

    clean_probability: np.ndarray
    kind_weights: dict
    prevalence: float


@dataclass(frozen=True)
class SurrogateSet:
    """Images with ground truth.

    Parameters
    ----------
    images : ndarray
        In the dtype and range of the set, as a stack.
    kinds : ndarray of str of shape (n_samples,)
        ``"clean"`` for rows without an injected corruption.
    """

    images: np.ndarray
    kinds: np.ndarray


def share_out(weights, total):
    """Whole numbers that sum to ``total``, in proportion to the weights, by largest remainders.

    Examples
    --------
    >>> share_out({"a": 2.0, "b": 1.0}, 4)
    {'a': 3, 'b': 1}
    """
    names = list(weights)
    exact = np.array([weights[name] for name in names], dtype=float)
    exact *= total / exact.sum()
    counts = np.floor(exact).astype(int)
    left = total - counts.sum()
    counts[np.argsort(-(exact - counts), kind="stable")[:left]] += 1
    return dict(zip(names, counts.tolist()))


def make_surrogate(stack, scale, contamination, n_plants, generator):
    """Select the rows that are probably clean, and inject corruptions into some of them.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale
        Of the whole set.
    contamination : ContaminationModel
        Of the rows of ``stack``.
    n_plants : int or None
        None injects so many that their share in the surrogate is the prevalence.
    generator : numpy.random.Generator

    Returns
    -------
    SurrogateSet
    """
    from toolkit.corruption import GENERIC_OUTLIERS, apply_corruption, apply_generic

    clean = _select_clean_rows(contamination)
    if n_plants is None:
        n_plants = max(round(contamination.prevalence * len(clean)), min(30, len(clean) // 3))
    n_plants = int(np.clip(n_plants, 1, len(clean) - 1))
    images = stack[clean]
    kinds = np.full(len(images), "clean", dtype=object)
    places = generator.permutation(len(images))[:n_plants]
    start = 0
    for kind, count in share_out(contamination.kind_weights, n_plants).items():
        own = places[start : start + count]
        start += count
        if not count:
            continue
        unit = np.clip(scale.to_unit(images[own]), 0.0, 1.0)
        if kind == "unknown":
            which = generator.integers(len(GENERIC_OUTLIERS), size=count)
            for code in np.unique(which):
                mine = which == code
                unit[mine] = apply_generic(unit[mine], tuple(GENERIC_OUTLIERS)[code], generator)
        else:
            for part in kind.split("+"):
                unit, _ = apply_corruption(unit, part, generator=generator)
        images[own] = scale.from_unit(unit, images.dtype)
        kinds[own] = kind
    return SurrogateSet(images, kinds.astype(str))


def _select_clean_rows(contamination):
    """The rows most probably clean, as many as the prevalence leaves."""
    probability = contamination.clean_probability
    n_clean = max(round((1.0 - contamination.prevalence) * len(probability)), 2)
    # A stable sort of equal probabilities would take the first rows: sets are often sorted by label.
    order = np.lexsort((np.random.default_rng(0).random(len(probability)), -probability))
    return np.sort(order[:n_clean])
