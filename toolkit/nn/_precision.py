"""Numbers of 16 bits where the processor computes with them itself, and optimisers of one pass."""

import contextlib
import functools
import warnings
from pathlib import Path

import torch

from toolkit._core.names import lookup

__all__ = ["autocast", "has_native_bfloat16", "native_precision", "resolve_precision"]

# What "auto" means. It stays float32 until trained models have been shown to be no worse in bfloat16.
PRECISIONS = {"auto": "float32", "float32": "float32", "bfloat16": "bfloat16"}


@functools.cache
def _processor_flags():
    """What the processor says it can do, as Linux lists it; empty elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return frozenset(line.partition(":")[2].split())
    return frozenset()


def has_native_bfloat16(device: str | torch.device = "cpu") -> bool:
    """Whether a device multiplies bfloat16 itself; elsewhere it is emulated, and slower than float32.

    Parameters
    ----------
    device : str or torch.device, default="cpu"

    Returns
    -------
    bool

    Examples
    --------
    >>> has_native_bfloat16("cpu") in (True, False)
    True
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    # Intel and AMD: avx512_bf16 or amx_bf16; ARM: bf16.
    return device.type == "cpu" and not _processor_flags().isdisjoint({"avx512_bf16", "amx_bf16", "bf16"})


def resolve_precision(precision: str = "auto", device: str | torch.device = "cpu") -> str:
    """``"float32"`` or ``"bfloat16"`` for the name that was given.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
        ``"auto"`` is float32. ``"bfloat16"`` computes matrix products in 16 bits, where the device does so natively;
        elsewhere it is float32 as well, since emulation costs more than it saves, and a warning says so. Weights, sums
        and optimisers keep 32.
    device : str or torch.device, default="cpu"

    Returns
    -------
    {"float32", "bfloat16"}

    Examples
    --------
    >>> resolve_precision("auto")
    'float32'
    """
    resolved = lookup(PRECISIONS, precision, "precision")
    if resolved == "bfloat16" and not has_native_bfloat16(device):
        warnings.warn(
            f"precision='bfloat16': {torch.device(device)} does not compute with such numbers itself, so float32 is "
            "used, which is faster there; the result is that of precision='float32'.",
            stacklevel=2,
        )
        return "float32"
    return resolved


def native_precision(device: str | torch.device = "cpu") -> str:
    """The fewest bits that a device multiplies itself: ``"bfloat16"`` or ``"float32"``.

    Small networks that learn what was planted train in half of the time with 16 bits, and are no worse for it.

    Parameters
    ----------
    device : str or torch.device, default="cpu"

    Returns
    -------
    {"bfloat16", "float32"}

    Examples
    --------
    >>> native_precision() in ("bfloat16", "float32")
    True
    """
    return "bfloat16" if has_native_bfloat16(device) else "float32"


def autocast(precision: str = "auto", device: str | torch.device = "cpu") -> contextlib.AbstractContextManager:
    """A context in which networks compute in the precision that :func:`resolve_precision` finds.

    Parameters
    ----------
    precision : {"auto", "float32", "bfloat16"}
    device : str or torch.device, default="cpu"

    Returns
    -------
    context manager

    Examples
    --------
    >>> import torch
    >>> with autocast("float32"):
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.float32
    """
    device = torch.device(device)
    if resolve_precision(precision, device) == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
