"""Whether rows are images, whose values share one scale, or a table, whose columns mean what their owner says."""

import numpy as np

__all__ = ["are_images"]

_SMALLEST_SIDE = 8  # of a square that flat rows are taken for an image


def are_images(stack, *, as_stack, image_shape=None):
    """Stacks, uint8, rows whose ``image_shape`` was given, and rows as long as a square of 8 x 8 or more are images.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
        As :func:`toolkit._core.images.validate_images` returns it.
    as_stack : bool
        The rows came as a stack.
    image_shape : tuple of int, optional
        As the caller gave it.

    Examples
    --------
    >>> import numpy as np
    >>> are_images(np.zeros((5, 28, 28)), as_stack=False), are_images(np.zeros((5, 1, 6)), as_stack=False)
    (True, False)
    """
    if as_stack or image_shape is not None or stack.dtype == np.uint8:
        return True
    height, width = stack.shape[1:3]
    return height == width and height >= _SMALLEST_SIDE
