"""Layers that know of labels: embeddings, and batch norms whose gains belong to the class."""

import contextlib
import contextvars

import torch
from torch import nn

__all__ = ["ConditionalBatchNorm1d", "ConditionalBatchNorm2d", "LabelEmbedding", "condition_norms", "under_weights"]

# The label weights of the call in progress: they reach norms deep inside a network without being kept by any of
# them, so that two threads can call one network.
_WEIGHTS: contextvars.ContextVar = contextvars.ContextVar("label weights")


@contextlib.contextmanager
def under_weights(weights):
    """Let every class-conditional norm that is called inside use these label weights (batch, n_classes)."""
    token = _WEIGHTS.set(weights)
    try:
        yield
    finally:
        _WEIGHTS.reset(token)


class LabelEmbedding(nn.Linear):
    """Label weights (batch, n_classes) to the mixture of the classes' vectors (batch, n_features).

    The vectors start standard normal, as torch's own embedding does.
    """

    def __init__(self, n_classes, n_features):
        super().__init__(n_classes, n_features, bias=False)

    @torch.no_grad()
    def reset_buffers(self, generator):
        self.weight.normal_(generator=generator)


class _PerClass:
    """Batch norm whose gain and offset belong to the class; the statistics belong to all."""

    def _register(self, n_classes):
        self.gains = nn.Parameter(torch.empty(n_classes, self.num_features))
        self.offsets = nn.Parameter(torch.empty(n_classes, self.num_features))
        self.reset_parameters()

    def reset_parameters(self):
        super().reset_parameters()
        if hasattr(self, "gains"):  # not yet when the constructor of the norm itself calls this
            nn.init.ones_(self.gains)
            nn.init.zeros_(self.offsets)

    def forward(self, x):  # (batch, features) or (batch, channels, height, width)
        weights = _WEIGHTS.get()
        shape = (len(x), self.num_features) + (1,) * (x.ndim - 2)
        return super().forward(x) * (weights @ self.gains).view(shape) + (weights @ self.offsets).view(shape)


class ConditionalBatchNorm1d(_PerClass, nn.BatchNorm1d):
    """Class-conditional batch norm of vectors."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, affine=False)
        self._register(n_classes)


class ConditionalBatchNorm2d(_PerClass, nn.BatchNorm2d):
    """Class-conditional batch norm of images."""

    def __init__(self, n_features, n_classes):
        super().__init__(n_features, affine=False)
        self._register(n_classes)


_NORMS = {nn.BatchNorm1d: ConditionalBatchNorm1d, nn.BatchNorm2d: ConditionalBatchNorm2d}


def condition_norms(network, n_classes):
    """Put class-conditional norms in the place of plain ones."""
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if type(layer) in _NORMS:
                setattr(module, name, _NORMS[type(layer)](layer.num_features, n_classes))
