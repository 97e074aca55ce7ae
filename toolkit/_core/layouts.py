"""Where the channels of an image are, and what images came in: arrays or tensors, one axis more or less.

torch's users hold (n, 1, height, width) and (n, 3, height, width), Keras's (n, height, width, 1). Inside, colour is the
last axis and grey has none. What goes back goes back as it came.
"""

import numpy as np

from toolkit._core.given import as_given_numbers

__all__ = ["as_array", "in_layout", "layout_of", "looks_like_one_image", "plain_stack", "return_as"]

LAYOUTS = ("rows", "stack", "channels_last", "channels_first")
_SMALLEST_SIDE = 8  # below it a square table is no picture


def _is_tensor(X):
    return type(X).__module__.partition(".")[0] == "torch" and hasattr(X, "detach")


def as_array(X, name="X"):
    """Tensors, and lists of them, as arrays that share their memory where they can; anything with a shape as it is.

    Examples
    --------
    >>> import torch
    >>> as_array(torch.ones(2, 3, requires_grad=True)).shape
    (2, 3)
    """
    if isinstance(X, (list, tuple)) and len(X) and _is_tensor(X[0]):
        return np.stack([as_array(x) for x in X])
    if _is_tensor(X):
        X = X.detach().cpu()
        known = not X.is_floating_point() or X.element_size() > 2 or str(X.dtype) == "torch.float16"
        return (X if known else X.float()).numpy()  # numpy has no bfloat16
    X = as_given_numbers(X, name)
    return X if hasattr(X, "shape") else np.asarray(X)


def layout_of(X):
    """One of "rows", "stack", "channels_last" (an axis of one grey channel) and "channels_first".

    Raises
    ------
    ValueError
        Axes whose meaning is not plain; the message names the way out.

    Examples
    --------
    >>> import numpy as np
    >>> [layout_of(np.zeros(shape)) for shape in ((5, 9), (5, 28, 28), (5, 28, 28, 1), (5, 3, 28, 28))]
    ['rows', 'stack', 'channels_last', 'channels_first']
    """
    shape = getattr(X, "shape", None)
    if shape is None:
        shape = np.shape(X) if isinstance(X, (list, tuple)) else ()
    if len(shape) < 3:
        return "rows"
    if len(shape) == 3 or (len(shape) == 4 and shape[3] == 3):
        return "stack"
    if len(shape) == 4 and shape[3] == 1:
        return "channels_last"
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (2, 4):  # these would be channels, too
        return "channels_first"
    raise ValueError(
        "X must be a stack (n_samples, height, width) or (n_samples, height, width, 3) or flat rows "
        f"(n_samples, n_features), got an array of shape {tuple(shape)}.{_way_out(tuple(shape))}"
    )


def _way_out(shape):
    if len(shape) != 4:
        return ""
    if shape[3] in (2, 4):
        return f" Of {shape[3]} channels keep three or one: X[..., :3] or X[..., 0]."
    if shape[1] in (2, 4):
        return f" Of {shape[1]} channels keep three or one: X[:, :3] or X[:, 0]."
    return ""


def plain_stack(X, name="X"):
    """A stack without an axis for grey, colour last; flat rows as they are. No copy of what has that form already.

    What is no number is refused (:func:`toolkit._core.given.as_given_numbers`); ``name`` is for that message.
    """
    is_tensor = _is_tensor(X) or (isinstance(X, (list, tuple)) and len(X) and _is_tensor(X[0]))
    X = as_array(X) if is_tensor else as_given_numbers(X, name)
    layout = layout_of(X)
    if layout in ("rows", "stack"):
        return X
    X = np.asanyarray(X)
    if layout == "channels_last":
        return X[..., 0]
    return X[:, 0] if X.shape[1] == 1 else np.moveaxis(X, 1, -1)


def in_layout(stack, layout):
    """A plain stack in one of the layouts."""
    if layout == "rows":
        return stack.reshape(len(stack), -1)
    if layout == "channels_last":
        return stack[..., None]
    if layout == "channels_first":
        return stack[:, None] if stack.ndim == 3 else np.ascontiguousarray(np.moveaxis(stack, -1, 1))
    return stack


def return_as(array, like):
    """The array as a tensor on the device of ``like``, and of its type, if that is one."""
    if isinstance(like, (list, tuple)) and len(like) and _is_tensor(like[0]):
        like = like[0]
    if not _is_tensor(like):
        return array
    import torch

    return torch.from_numpy(np.require(array, requirements="CW")).to(device=like.device, dtype=like.dtype)


def looks_like_one_image(X):
    """What to say of (28, 28) or (28, 28, 3), which has no axis of samples; empty if that is not plain.

    Examples
    --------
    >>> import numpy as np
    >>> looks_like_one_image(np.zeros((28, 28)))
    'X of shape (28, 28) is read as 28 flat rows of 28 features: for a single image pass X[None].'
    >>> looks_like_one_image(np.zeros((28, 784)))
    ''
    """
    shape = tuple(getattr(X, "shape", ()))
    if hasattr(X, "columns") or len(shape) not in (2, 3) or min(shape[:2]) < _SMALLEST_SIDE:
        return ""
    if len(shape) == 2 and shape[0] == shape[1]:
        read = f"{shape[0]} flat rows of {shape[1]} features"
    elif len(shape) == 3 and shape[2] in (3, 4):
        read = f"{shape[0]} grey images of {shape[1]} x {shape[2]} pixels"
    else:
        return ""
    return f"X of shape {shape} is read as {read}: for a single image pass X[None]."
