"""What a reconstruction costs, by name: squared error, or cross entropy for pixels between 0 and 1.

Each loss takes the decoder's raw answer and the images, both (batch, channels, height, width), and gives one number an
image: the sum over its pixels. Minus the loss is a log density up to a constant: squared error belongs to normal noise
of variance 1/2 on each pixel, cross entropy to pixels that are on with the given probability.
"""

import math

import torch
from torch.nn import functional

__all__ = ["GRADIENTS", "LOG_DENSITY_CONSTANTS", "LOSSES", "OUTPUTS", "TOTALS"]


# The decoder's raw answer to pixels in units of the range that was seen in fit.
OUTPUTS = {"sigmoid": torch.sigmoid, "identity": lambda raw: raw}


def _squared_error(raw, images, output):
    return (OUTPUTS[output](raw) - images).square().flatten(1).sum(dim=1)


def _cross_entropy(raw, images, output):
    if output != "sigmoid":
        raise ValueError(f"loss='bce' needs output='sigmoid', since it takes probabilities, got output={output!r}.")
    return functional.binary_cross_entropy_with_logits(raw, images, reduction="none").flatten(1).sum(dim=1)


def _total_squared_error(raw, images, output):
    return functional.mse_loss(OUTPUTS[output](raw), images, reduction="sum")


def _total_cross_entropy(raw, images, output):
    return functional.binary_cross_entropy_with_logits(raw, images, reduction="sum")


def _squared_error_gradient(raw, images, output, scale):
    pixels = OUTPUTS[output](raw)
    error = pixels - images
    flat = error.flatten()
    total = torch.dot(flat, flat)
    grad = torch.ops.aten.sigmoid_backward(error, pixels) if output == "sigmoid" else error
    return total, grad.mul_(2.0 * scale)


def _cross_entropy_gradient(raw, images, output, scale):
    return _total_cross_entropy(raw, images.expand_as(raw), output), torch.sigmoid(raw).sub_(images).mul_(scale)


LOSSES = {"mse": _squared_error, "bce": _cross_entropy}

# The same summed over the images as well, in fewer passes: for training.
TOTALS = {"mse": _total_squared_error, "bce": _total_cross_entropy}

# And, for steps without autograd, the gradient of ``scale`` times it with respect to the raw answer: (total, gradient).
# Here the images may lack leading axes, along which they are the same.
GRADIENTS = {"mse": _squared_error_gradient, "bce": _cross_entropy_gradient}

# What one pixel adds to minus the loss, so that it becomes the logarithm of a density.
LOG_DENSITY_CONSTANTS = {"mse": -0.5 * math.log(math.pi), "bce": 0.0}
