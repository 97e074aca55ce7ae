"""A twin of a set of images: its trusted rows, with corruptions planted in a share of them, so that it has a truth."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Recipe", "Twin", "plant_twin", "share_out"]


@dataclass(frozen=True)
class Recipe:
    """What is believed of the set.

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
class Twin:
    """Images of which the truth is known.

    Parameters
    ----------
    images : ndarray
        In the dtype and range of the set, as a stack.
    kinds : ndarray of str of shape (n_samples,)
        ``"clean"`` for what was not planted.
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


def plant_twin(stack, scale, recipe, n_plants, generator):
    """Take the trusted rows and plant corruptions in some of them.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale
        Of the whole set.
    recipe : Recipe
        Beliefs about the rows of ``stack``.
    n_plants : int or None
        None plants so many that their share in the twin is the prevalence.
    generator : numpy.random.Generator

    Returns
    -------
    Twin
    """
    from toolkit.corruption import GENERIC_OUTLIERS, apply_corruption, apply_generic

    trusted = _trusted_rows(recipe)
    if n_plants is None:
        n_plants = max(round(recipe.prevalence * len(trusted)), min(30, len(trusted) // 3))
    n_plants = int(np.clip(n_plants, 1, len(trusted) - 1))
    images = stack[trusted]
    kinds = np.full(len(images), "clean", dtype=object)
    places = generator.permutation(len(images))[:n_plants]
    start = 0
    for kind, count in share_out(recipe.kind_weights, n_plants).items():
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
    return Twin(images, kinds.astype(str))


def _trusted_rows(recipe):
    """Rows that are clean by all that is believed: as many as there should be clean ones, the most probable first."""
    probability = recipe.clean_probability
    n_trusted = max(round((1.0 - recipe.prevalence) * len(probability)), 2)
    # A stable sort of equal probabilities would take the first rows: sets are often sorted by label.
    order = np.lexsort((np.random.default_rng(0).random(len(probability)), -probability))
    return np.sort(order[:n_trusted])
