"""Where a model is trained."""

import torch

__all__ = ["resolve_device"]


def resolve_device(device="auto"):
    """``"auto"`` is CUDA where there is one, else the processor; anything else is torch's own name.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device must be 'auto' or a torch device such as 'cpu', got {device!r}.") from error
