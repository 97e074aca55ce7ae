"""What an image shows where there is nothing: the colour that fills what a corruption lays bare."""

import numpy as np

__all__ = ["border_background", "per_image"]


def per_image(values, stack):
    """``values`` of shape (n,) shaped to broadcast against ``stack`` of n images, as float32."""
    return np.asarray(values, dtype=np.float32).reshape(-1, *(1,) * (stack.ndim - 1))


def border_background(stack):
    """Median of the outermost pixels of each image.

    Parameters
    ----------
    stack : ndarray of shape (n, height, width) or (n, height, width, channels)

    Returns
    -------
    ndarray of shape (n,) or (n, channels)
    """
    if min(stack.shape[1:3]) < 3:
        border = stack.reshape(len(stack), -1, *stack.shape[3:])
    else:
        border = np.concatenate([stack[:, 0], stack[:, -1], stack[:, 1:-1, 0], stack[:, 1:-1, -1]], axis=1)
    middle = border.shape[1] // 2
    return np.partition(border, middle, axis=1)[:, middle]
