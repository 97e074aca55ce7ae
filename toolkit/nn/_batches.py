"""Batches cut from arrays in memory: for small images a worker-based loader costs more than the network does."""

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["Batches"]

# On an accelerator the arrays are moved there once, as they are, if they are no larger than this.
_RESIDENT_BYTES = 2 * 2**30


class Batches:
    """Rows of one or several arrays as tensors, each in its own dtype, on the device of the model.

    Parameters
    ----------
    arrays : ndarray or tuple of ndarray, each of shape (n_samples, ...)
        Kept as they are, memory maps included: only a batch at a time becomes a tensor. For a model on an accelerator
        whole arrays are moved there once where they are small enough, so that no step waits for a transfer.
    device : torch.device or None
        None leaves batches in main memory.

    Attributes
    ----------
    n_samples : int

    Examples
    --------
    >>> import numpy as np
    >>> Batches(np.arange(4, dtype=np.uint8))[np.array([2, 0])]
    tensor([2, 0], dtype=torch.uint8)
    """

    def __init__(self, arrays: NDArray | tuple[NDArray, ...], device: str | torch.device | None = None):
        self._single = not isinstance(arrays, (tuple, list))
        self.arrays = (arrays,) if self._single else tuple(arrays)
        self.n_samples = len(self.arrays[0])
        if self.n_samples == 0:
            raise ValueError("arrays must have at least one row, got none.")
        if any(len(array) != self.n_samples for array in self.arrays):
            raise ValueError(f"arrays must be equally long, got lengths {[len(array) for array in self.arrays]}.")
        self._device = None if device is None or torch.device(device).type == "cpu" else torch.device(device)
        self._resident = None
        if self._device is not None and sum(array.nbytes for array in self.arrays) <= _RESIDENT_BYTES:
            self._resident = [torch.tensor(np.ascontiguousarray(array), device=self._device) for array in self.arrays]

    def __getitem__(self, index):
        """The rows of ``index`` (an array of int): a tensor, or a tuple of them if several arrays were given."""
        if self._resident is not None:
            places = torch.from_numpy(index).to(self._device, non_blocking=True)
            batch = tuple(tensor[places] for tensor in self._resident)
        else:
            batch = tuple(torch.from_numpy(np.require(array[index], requirements="CW")) for array in self.arrays)
            if self._device is not None:
                batch = tuple(tensor.to(self._device, non_blocking=True) for tensor in batch)
        return batch[0] if self._single else batch
