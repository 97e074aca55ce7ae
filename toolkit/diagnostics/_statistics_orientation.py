"""Dominant orientation: from the structure tensor, and from projections of the image along a few directions."""

from functools import lru_cache

import numpy as np

from toolkit.diagnostics._statistics_views import frame_size, pixel_sums

__all__ = ["N_ANGLES", "orientation", "projection_matrix"]

N_ANGLES = 12  # projections, 15 degrees apart


@lru_cache(maxsize=8)
def projection_matrix(height, width, n_angles=N_ANGLES):
    """The Radon transform at a few angles as one matrix.

    The image is rotated about its centre by bilinear interpolation and summed along its columns, as in
    ``skimage.transform.radon``, in a frame as wide as the image's diagonal.

    Returns
    -------
    ndarray of shape (height * width, n_angles * n_bins)
    """
    # As wide as the diagonal, and of the image's own parity, so that both have their centre at the same place.
    n_bins = int(np.ceil(np.hypot(height, width)))
    n_bins += (n_bins - max(height, width)) % 2
    line = np.arange(n_bins) - (n_bins - 1) / 2
    y, x = np.meshgrid(line, line, indexing="ij")
    matrix = np.zeros((n_angles, n_bins, height * width))
    bins = np.broadcast_to(np.arange(n_bins), (n_bins, n_bins))
    for turn, angle in enumerate(np.deg2rad(np.arange(n_angles) * 180 / n_angles)):
        column = np.cos(angle) * x + np.sin(angle) * y + (width - 1) / 2
        row = -np.sin(angle) * x + np.cos(angle) * y + (height - 1) / 2
        # cos(90 degrees) is not quite zero: without rounding, pixels on the rim would fall outside.
        column, row = np.round(column, 9), np.round(row, 9)
        left, top = np.floor(column).astype(int), np.floor(row).astype(int)
        u, v = column - left, row - top
        corners = ((0, 0, (1 - u) * (1 - v)), (0, 1, u * (1 - v)), (1, 0, (1 - u) * v), (1, 1, u * v))
        for down, right, weight in corners:
            i, j = top + down, left + right
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            np.add.at(matrix[turn], (bins[inside], (i * width + j)[inside]), weight[inside])
    return np.ascontiguousarray(matrix.reshape(-1, height * width).T)


def orientation(views):
    """Direction of the strokes, as cosine and sine of the doubled angle times how pronounced it is.

    ``orientation`` comes from the structure tensor (Bigün and Granlund, 1987): (1, 0) are edges that run vertically.
    ``projection`` compares the energy of projections: (1, 0) is ink gathered in columns. Doubled angles have no jump.
    """
    right, down = views.gradients
    xx, yy, xy = pixel_sums(right, right), pixel_sums(down, down), pixel_sums(right, down)
    trace = np.where(xx + yy > 0, xx + yy, 1)
    cosine, sine = (xx - yy) / trace, -2 * xy / trace
    _, (height, width) = frame_size((views.height, views.width))
    projections = views.coarse @ projection_matrix(height, width)
    energy = np.square(projections).reshape(views.n_images, N_ANGLES, -1).sum(axis=2)
    total = energy.sum(axis=1, keepdims=True)
    share = np.where(total > 0, energy / np.where(total > 0, total, 1), 1 / N_ANGLES)
    doubled = np.arange(N_ANGLES) * 2 * np.pi / N_ANGLES
    return {
        "orientation_cos": cosine,
        "orientation_sin": sine,
        "orientation_coherence": np.hypot(cosine, sine),
        "projection_cos": share @ np.cos(doubled),
        "projection_sin": share @ np.sin(doubled),
        "projection_peak": share.max(axis=1) * N_ANGLES,
    }
