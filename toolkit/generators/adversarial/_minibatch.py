"""Minibatch standard deviation: the discriminator sees how much the rows of its batch differ.

Karras et al. (2018), "Progressive growing of GANs for improved quality, stability, and variation", section 3.
"""

import torch
from torch import nn

__all__ = ["MinibatchStandardDeviation"]

_MOMENTUM = 0.01


class MinibatchStandardDeviation(nn.Module):
    """Append one feature, or one channel: the spread over the batch, averaged over everything else.

    In evaluation mode the running mean of what training saw takes its place, so that a row's score does not depend on
    its neighbours.

    Examples
    --------
    >>> import torch
    >>> layer = MinibatchStandardDeviation()
    >>> layer(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    tensor([[1.0000, 5.0000, 0.5001],
            [3.0000, 5.0000, 0.5001]])
    """

    def __init__(self):
        super().__init__()
        self.register_buffer("running", torch.zeros(()))

    def reset_buffers(self, generator):
        self.running.zero_()

    def forward(self, x):  # (batch, features) or (batch, channels, height, width)
        if self.training:
            spread = (x.float().var(dim=0, correction=0) + 1e-8).sqrt().mean()
            with torch.no_grad():
                self.running.lerp_(spread.detach(), _MOMENTUM)
        else:
            spread = self.running
        return torch.cat([x, spread.to(x.dtype).expand(len(x), 1, *x.shape[2:])], dim=1)
