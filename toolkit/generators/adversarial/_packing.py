"""Packing: the discriminator judges several rows at a time, and so sees what they have in common.

Lin et al. (2018), "PacGAN: the power of two samples in generative adversarial networks".
"""

import torch

__all__ = ["pack", "whole_packs"]


def pack(images: torch.Tensor, size: int) -> torch.Tensor:
    """Stack each ``size`` neighbours along the channels: (n, c, h, w) to (n / size, size * c, h, w).

    Examples
    --------
    >>> import torch
    >>> pack(torch.zeros(6, 1, 28, 28), 3).shape
    torch.Size([2, 3, 28, 28])
    """
    if size == 1:
        return images
    return images.reshape(len(images) // size, size * images.shape[1], *images.shape[2:])


def whole_packs(batch: torch.Tensor, size: int) -> torch.Tensor:
    """``batch`` with rows from its start repeated, until it fills at least two packs and leaves none half full.

    Batch norm has nothing to learn from a single row, which the end of an epoch may leave.

    Examples
    --------
    >>> import torch
    >>> whole_packs(torch.arange(5), 2).tolist(), whole_packs(torch.arange(1), 1).tolist()
    ([0, 1, 2, 3, 4, 0], [0, 0])
    """
    n_rows = len(batch)
    wanted = max(2 * size, -(-n_rows // size) * size)
    return batch if wanted == n_rows else batch[torch.arange(wanted, device=batch.device) % n_rows]
