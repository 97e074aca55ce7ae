"""Calling a trained network row by row, as far as the answer goes.

In single precision the last digits of a row's answer depend on how many rows are computed with it, so every batch is
filled up to the same size.
"""

import torch
from torch import nn

__all__ = ["call_in_batches"]


@torch.inference_mode()
def call_in_batches(network: nn.Module, *rows: torch.Tensor, batch_size: int = 64) -> torch.Tensor:
    """``network(*rows)`` in evaluation mode, in batches of one size.

    Parameters
    ----------
    network : torch.nn.Module
        Left in evaluation mode.
    *rows : tensor of shape (n, ...)
        What the network takes, one or several.
    batch_size : int, default=64

    Returns
    -------
    tensor of shape (n, ...)
        On the processor.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import call_in_batches
    >>> tuple(call_in_batches(torch.nn.Linear(2, 3), torch.zeros(5, 2), batch_size=2).shape)
    (5, 3)
    """
    network.eval()
    device = next(network.parameters()).device
    parts = []
    for batch in zip(*(tensor.split(batch_size) for tensor in rows)):
        n_rows = len(batch[0])
        if n_rows < batch_size:
            batch = [torch.cat([part, part.new_zeros((batch_size - n_rows, *part.shape[1:]))]) for part in batch]
        parts.append(network(*(part.to(device) for part in batch))[:n_rows].cpu())
    return torch.cat(parts)
