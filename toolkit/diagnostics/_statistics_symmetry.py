"""Symmetry under flips and quarter turns: of an image with itself, and relative to what the whole set looks like."""

import numpy as np

from toolkit._core.geometry import DIHEDRAL, dihedral, inverse_dihedral
from toolkit.diagnostics._statistics_views import Views, frame_size, pixel_sums

__all__ = ["MeanStructure", "self_symmetry", "symmetries_of"]

_RANK = 32  # directions in which the set is allowed to vary
_FLOOR = 1e-3  # share of an image below which what the structure leaves unexplained is not told apart


def symmetries_of(height, width):
    """The symmetries, other than the identity, that keep the shape of an image."""
    turned = {"rotate_90", "rotate_270", "transpose", "anti_transpose"}
    return tuple(name for name in DIHEDRAL[1:] if height == width or name not in turned)


def _standardised(views):
    """Coarse images, each with mean 0 and norm 1 (or all zero): neither contrast nor brightness matters."""
    rows = views.coarse - views.coarse.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.where(norm > 1e-5, rows / np.where(norm > 1e-5, norm, 1), 0)


def self_symmetry(views):
    """Correlation of each image with itself flipped, turned or transposed."""
    deviation = views.departure - views.departure.mean(axis=(1, 2), keepdims=True)
    variance = pixel_sums(deviation, deviation)
    variance = np.where(variance > 1e-10 * views.n_pixels, variance, np.inf)
    result = {}
    for name in symmetries_of(views.height, views.width):
        # A quarter turn to the left correlates as one to the right does.
        if name != "rotate_270":
            result[f"symmetry_{name}"] = pixel_sums(deviation, dihedral(deviation, name)) / variance
    return result


class MeanStructure:
    """The mean of a set and its main directions, and how much better an image fits them when flipped or turned.

    A principal-component model of standardised images (Pearson, 1901). Under each symmetry the image is compared with
    the model turned the other way, so that all symmetries are one product of matrices.

    Parameters
    ----------
    unit : ndarray of float32, of shape (n, height, width) or (n, height, width, 3)
        A sample of the set, in the unit interval.
    """

    def __init__(self, unit):
        views = Views(unit)
        rows = _standardised(views)
        mean = rows.mean(axis=0)
        components = _main_directions(rows - mean)
        _, shape = frame_size((views.height, views.width))
        self.symmetries = ("identity", *symmetries_of(*shape))
        templates = np.vstack([mean, components]).reshape(-1, *shape)
        turned = [dihedral(templates, inverse_dihedral(name)) for name in self.symmetries]
        self.templates_ = np.ascontiguousarray(np.concatenate(turned).reshape(-1, rows.shape[1]).T)
        self.offsets_ = components @ mean
        self.mean_energy_ = float(mean @ mean)

    def residuals(self, views):
        """Share of each standardised image that the model leaves unexplained, (n, n_symmetries)."""
        rows = _standardised(views)
        products = (rows @ self.templates_).reshape(len(rows), len(self.symmetries), -1)
        along_mean, along = products[..., 0], products[..., 1:] - self.offsets_
        energy = np.einsum("np,np->n", rows, rows)[:, None]
        distance = energy - 2 * along_mean + self.mean_energy_
        return np.maximum(distance - np.square(along).sum(axis=2), 0)

    def __call__(self, views):
        """What is unexplained as the image is, and the logarithm of how much less it is under each symmetry."""
        logs = np.log(self.residuals(views) + _FLOOR)
        result = {"structure_residual": logs[:, 0]}
        for column, name in enumerate(self.symmetries[1:], start=1):
            result[f"structure_{name}"] = logs[:, 0] - logs[:, column]
        return result


def _main_directions(centred):
    """Principal directions (rank, n_pixels), from the smaller of the two Gram matrices."""
    n, d = centred.shape
    rank = min(_RANK, n - 1, d)
    if rank < 1:
        return np.zeros((0, d))
    if d <= n:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        return vectors[:, ::-1][:, :rank].T
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = values[::-1][:rank], vectors[:, ::-1][:, :rank]
    keep = values > 1e-10 * max(values[0], 1e-300)
    return (centred.T @ vectors[:, keep] / np.sqrt(values[keep])).T
