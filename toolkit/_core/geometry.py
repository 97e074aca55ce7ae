"""Geometry of image stacks, a whole stack at a time.

Conventions: row 0 is displayed on top; ``x`` runs right and ``y`` down, both from the centre of the image; angles are
in degrees, counter-clockwise as displayed. Stacks are float32 ``(n, height, width)`` or
``(n, height, width, channels)``.
"""

import numpy as np
from scipy import ndimage

from toolkit._core.names import lookup

__all__ = [
    "DIHEDRAL",
    "affine_matrix",
    "dihedral",
    "displace",
    "inverse_dihedral",
    "rotate",
    "smooth_field",
    "warp",
    "wrap_angle",
]

# Eight symmetries of the square, and which of them undoes which.
_ACTIONS = {
    "identity": lambda stack: stack,
    "rotate_90": lambda stack: np.rot90(stack, 1, axes=(1, 2)),
    "rotate_180": lambda stack: np.rot90(stack, 2, axes=(1, 2)),
    "rotate_270": lambda stack: np.rot90(stack, 3, axes=(1, 2)),
    "flip_horizontal": lambda stack: stack[:, :, ::-1],
    "flip_vertical": lambda stack: stack[:, ::-1],
    "transpose": lambda stack: np.swapaxes(stack, 1, 2),
    "anti_transpose": lambda stack: np.swapaxes(stack[:, ::-1, ::-1], 1, 2),
}
_INVERSES = {"rotate_90": "rotate_270", "rotate_270": "rotate_90"}
DIHEDRAL = tuple(_ACTIONS)

# Images warped at a time: bounds the memory of the coordinate arrays, and stays within a processor's cache.
_CHUNK = 128


def wrap_angle(angle):
    """Angle in degrees, wrapped to (-180, 180].

    Examples
    --------
    >>> wrap_angle(270.0), wrap_angle(-180.0)
    (-90.0, 180.0)
    """
    wrapped = 180.0 - np.mod(180.0 - np.asarray(angle, dtype=float), 360.0)
    return float(wrapped) if wrapped.ndim == 0 else wrapped


def dihedral(stack, name):
    """Apply one of the eight symmetries of the square to each image.

    ``rotate_90`` turns a quarter counter-clockwise as displayed. Quarter turns and transpositions swap height and
    width.

    Examples
    --------
    >>> import numpy as np
    >>> dihedral(np.array([[[1, 2], [3, 4]]]), "rotate_90")[0].tolist()
    [[2, 4], [1, 3]]
    """
    # A copy even where numpy would call the view contiguous: torch refuses negative strides of axes of length one.
    return lookup(_ACTIONS, name, "symmetry")(stack).copy(order="C")


def inverse_dihedral(name):
    """Name of the symmetry that undoes ``name``."""
    lookup(_ACTIONS, name, "symmetry")
    return _INVERSES.get(name, name)


def affine_matrix(angle=0.0, scale=1.0, shear=0.0, dx=0.0, dy=0.0):
    """Forward affine maps about the image centre: shear, then scale, then rotate, then shift.

    Parameters
    ----------
    angle : float or array of shape (n,)
        Degrees, counter-clockwise as displayed.
    scale : float or array
        Magnification.
    shear : float or array
        Horizontal shift of a pixel per pixel of height above the centre (a slant to the right is positive).
    dx, dy : float or array
        Shift in pixels, to the right and down.

    Returns
    -------
    ndarray of shape (n, 2, 3)
        Maps ``(x, y, 1)`` of the input to ``(x, y)`` of the output.
    """
    angle, scale, shear, dx, dy = np.broadcast_arrays(*map(np.atleast_1d, (angle, scale, shear, dx, dy)))
    radians = np.deg2rad(angle.astype(np.float64))
    cos, sin = scale * np.cos(radians), scale * np.sin(radians)
    matrices = np.empty((len(radians), 2, 3))
    # Displayed counter-clockwise with y down: (1, 0) goes to (cos, -sin).
    matrices[:, 0, 0], matrices[:, 0, 1] = cos, sin - cos * shear
    matrices[:, 1, 0], matrices[:, 1, 1] = -sin, cos + sin * shear
    matrices[:, 0, 2], matrices[:, 1, 2] = dx, dy
    return matrices


def _source_coordinates(matrices, height, width):
    """Where each output pixel comes from: rows and columns, each (n, height * width) float32."""
    linear = np.linalg.inv(matrices[:, :, :2]).astype(np.float32)
    shift = matrices[:, :, 2].astype(np.float32)
    cy, cx = (height - 1) / 2, (width - 1) / 2
    y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32)
    x, y = x - np.float32(cx), y - np.float32(cy)
    offset = -np.einsum("nij,nj->ni", linear, shift)
    columns = linear[:, 0, :1] * x + linear[:, 0, 1:] * y + (offset[:, :1] + np.float32(cx))
    rows = linear[:, 1, :1] * x + linear[:, 1, 1:] * y + (offset[:, 1:] + np.float32(cy))
    return rows, columns


def _sample_linear(padded, rows, columns, pad):
    """Bilinear values of padded images (n, H, W) at (n, p) coordinates of the unpadded ones."""
    n, height, width = padded.shape
    rows = np.clip(rows + np.float32(pad), 0, np.float32(height - 2))
    columns = np.clip(columns + np.float32(pad), 0, np.float32(width - 2))
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    v, u = rows - top, columns - left
    index = (top * width + left + (np.arange(n, dtype=np.int32) * (height * width))[:, None]).astype(np.intp)
    flat = padded.ravel()
    upper = flat.take(index)
    upper += (flat.take(index + 1) - upper) * u
    lower = flat.take(index + width)
    lower += (flat.take(index + (width + 1)) - lower) * u
    upper += (lower - upper) * v
    return upper


def _cubic_weights(t):
    """The four cubic B-spline weights at fractional offset ``t``."""
    s = 1 - t
    return s * s * s / 6, 2 / 3 - t * t * (2 - t) / 2, 2 / 3 - s * s * (2 - s) / 2, t * t * t / 6


def _sample_cubic(padded, rows, columns, pad):
    """Cubic spline values; same arguments as :func:`_sample_linear`."""
    n, height, width = padded.shape
    coefficients = ndimage.spline_filter1d(padded, 3, axis=1, output=np.float32, mode="mirror")
    coefficients = ndimage.spline_filter1d(coefficients, 3, axis=2, output=np.float32, mode="mirror")
    rows = np.clip(rows + np.float32(pad), 1, np.float32(height - 3))
    columns = np.clip(columns + np.float32(pad), 1, np.float32(width - 3))
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    row_weights, column_weights = _cubic_weights(rows - top), _cubic_weights(columns - left)
    first = np.arange(n, dtype=np.int32)[:, None] * (height * width)
    index = ((top - 1) * width + (left - 1) + first).astype(np.intp)
    flat = coefficients.ravel()
    values = np.zeros(rows.shape, dtype=np.float32)
    for i in range(4):
        line = np.zeros(rows.shape, dtype=np.float32)
        for j in range(4):
            line += flat.take(index + (i * width + j)) * column_weights[j]
        values += line * row_weights[i]
    return values


def _resample(stack, coordinates, fill, order):
    """Read a float32 stack at ``coordinates(part) -> (rows, columns)``, each (n, height * width), a chunk at a time."""
    if order not in (1, 3):
        raise ValueError(f"order must be 1 or 3, got {order!r}.")
    colour = stack if stack.ndim == 4 else stack[..., None]
    n, height, width, channels = colour.shape
    fill = np.asarray(fill, dtype=np.float32)
    fill = np.broadcast_to(fill[:, None] if fill.ndim == 1 else fill, (n, channels))[:, None, None, :]
    sample, pad = (_sample_linear, 1) if order == 1 else (_sample_cubic, 4)
    out = np.empty_like(colour)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        rows, columns = coordinates(part)
        # Working on the difference to the fill value lets one padding with zeros serve every image.
        # One more on the far side: the sampler reads a pixel past the last coordinate it clips to.
        padded = np.pad(colour[part] - fill[part], ((0, 0), (pad, pad + 1), (pad, pad + 1), (0, 0)))
        for channel in range(channels):
            values = sample(np.ascontiguousarray(padded[..., channel]), rows, columns, pad)
            out[part, ..., channel] = values.reshape(-1, height, width) + fill[part, ..., channel]
    return out if stack.ndim == 4 else out[..., 0]


def warp(stack, matrices, *, fill=0.0, order=1):
    """Warp each image by its own forward affine map.

    Parameters
    ----------
    stack : ndarray of shape (n, height, width) or (n, height, width, channels)
    matrices : ndarray of shape (n, 2, 3) or (1, 2, 3)
        As made by :func:`affine_matrix`.
    fill : float or array of shape (n,) or (n, channels)
        Value outside of the image.
    order : {1, 3}
        Bilinear, or cubic spline (as in ``scipy.ndimage``).

    Returns
    -------
    ndarray of float32, of the shape of ``stack``

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 5, 5)); image[0, 2, 4] = 1
    >>> np.argwhere(warp(image, affine_matrix(angle=90.0))[0] > 0.5).tolist()   # from the right to the top
    [[0, 2]]
    """
    stack = np.asarray(stack, dtype=np.float32)
    height, width = stack.shape[1:3]
    matrices = np.broadcast_to(matrices, (len(stack), 2, 3))
    return _resample(stack, lambda part: _source_coordinates(matrices[part], height, width), fill, order)


def displace(stack, dx, dy, *, fill=0.0, order=1):
    """Read each pixel of the result from a place of its own.

    Parameters
    ----------
    stack : ndarray of shape (n, height, width) or (n, height, width, channels)
    dx, dy : ndarray of shape (n, height, width)
        Where a pixel of the result is read, in pixels to the right and down of its place.
    fill, order
        As in :func:`warp`.

    Returns
    -------
    ndarray of float32, of the shape of ``stack``

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(4.0).reshape(1, 2, 2)
    >>> displace(image, np.ones((1, 2, 2)), np.zeros((1, 2, 2)), fill=9.0)[0].tolist()
    [[1.0, 9.0], [3.0, 9.0]]
    """
    stack = np.asarray(stack, dtype=np.float32)
    height, width = stack.shape[1:3]
    dx, dy = (np.asarray(shift, dtype=np.float32).reshape(len(stack), -1) for shift in (dx, dy))
    y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32)
    return _resample(stack, lambda part: (y + dy[part], x + dx[part]), fill, order)


def rotate(stack, angles, *, fill=0.0, order=1):
    """Rotate each image about its centre by its own angle, in degrees counter-clockwise as displayed.

    Parameters and result are those of :func:`warp`.
    """
    return warp(stack, affine_matrix(angle=angles), fill=fill, order=order)


def smooth_field(n_fields, shape, sigma, generator):
    """Smooth random fields: Gaussian-filtered white noise, each with mean 0 and variance 1.

    Parameters
    ----------
    n_fields : int
    shape : tuple of int
        ``(height, width)``.
    sigma : float
        Correlation length in pixels.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float32, of shape (n_fields, height, width)
    """
    noise = generator.standard_normal((n_fields, *shape), dtype=np.float32)
    field = ndimage.gaussian_filter(noise, sigma=(0, sigma, sigma), mode="wrap")
    field -= field.mean(axis=(1, 2), keepdims=True)
    deviation = field.std(axis=(1, 2), keepdims=True)
    return field / np.maximum(deviation, 1e-6)
