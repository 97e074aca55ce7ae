"""Spectral normalisation: layers whose weight is divided by its largest singular value.

Miyato et al. (2018), "Spectral normalization for generative adversarial networks". torch's own parametrisation draws
its start from the global generator; these layers draw it from one of their own.
"""

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SpectralConv2d", "SpectralLinear", "conv_layer", "linear_layer"]

_START_ITERATIONS = 15


class _Spectral:
    """One step of the power iteration for each training pass; the singular vectors are buffers."""

    def _register(self):
        self.register_buffer("left", torch.empty(self.weight.shape[0]))
        self.register_buffer("right", torch.empty(self.weight[0].numel()))

    @torch.no_grad()
    def reset_buffers(self, generator):
        """Draw the start of the power iteration from ``generator`` and run it until it has settled."""
        self.left.normal_(generator=generator)
        for _ in range(_START_ITERATIONS):
            self._iterate()

    @torch.no_grad()
    def _iterate(self):
        matrix = self.weight.flatten(1)  # (n_out, everything else)
        self.right.copy_(functional.normalize(matrix.t() @ self.left, dim=0))
        self.left.copy_(functional.normalize(matrix @ self.right, dim=0))

    def normalised(self):
        # A frozen discriminator, in the generator's step, has not changed since its own step.
        if self.training and self.weight.requires_grad:
            self._iterate()
        # Copies, since the next iteration would change in place what the gradient still needs.
        left, right = self.left.clone(), self.right.clone()
        sigma = torch.dot(left, torch.mv(self.weight.flatten(1), right))
        return self.weight / sigma.clamp(min=1e-12)


class SpectralLinear(_Spectral, nn.Linear):
    """A linear layer of spectral norm one."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self._register()

    def forward(self, x):
        return functional.linear(x, self.normalised(), self.bias)


class SpectralConv2d(_Spectral, nn.Conv2d):
    """A convolution whose kernel, as a matrix of one row an output channel, has spectral norm one."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)
        self._register()

    def forward(self, x):
        return functional.conv2d(x, self.normalised(), self.bias, self.stride, self.padding)


def linear_layer(n_in, n_out, *, spectral_norm=False):
    """A plain or a spectrally normalised linear layer."""
    return SpectralLinear(n_in, n_out) if spectral_norm else nn.Linear(n_in, n_out)


def conv_layer(n_in, n_out, kernel, stride=1, padding=0, *, spectral_norm=False):
    """A plain or a spectrally normalised convolution."""
    return (SpectralConv2d if spectral_norm else nn.Conv2d)(n_in, n_out, kernel, stride, padding)
