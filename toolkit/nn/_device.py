"""Where a model is trained."""

import torch

__all__ = ["resolve_device"]


def resolve_device(device: str | torch.device = "auto") -> torch.device:
    """``"auto"`` is CUDA where there is one, else the processor; anything else is torch's own name.

    Parameters
    ----------
    device : str or torch.device, default="auto"

    Returns
    -------
    torch.device

    Raises
    ------
    ValueError
        No device, or one that this machine or this build of torch does not have.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device must be 'auto' or a torch device such as 'cpu', got {device!r}.") from error
    try:
        if found.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(1, device=found)
    # A build without CUDA answers with an AssertionError, one without the backend with a NotImplementedError.
    except (AssertionError, RuntimeError, NotImplementedError) as error:
        why = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
        raise ValueError(
            f"device={device!r} is not to be had here ({why}): device='auto' takes CUDA where there is one, else the "
            "processor; a fitted estimator is moved by set_params(device='auto')."
        ) from error
    return found
