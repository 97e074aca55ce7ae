"""Which image gets which corruption, and how planted images are kept: shared by all that learns here."""

import numpy as np

__all__ = ["as_bytes", "plan_kinds"]


def as_bytes(unit):
    """A unit stack as grey levels of 8 bits."""
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def plan_kinds(n_clean, shares, n_images, generator):
    """Rows of clean images and codes of kinds, ``n_images`` of each; kinds in proportion to ``shares``."""
    shares = np.asarray(shares, dtype=float)
    rows = generator.permutation(np.resize(generator.permutation(n_clean), n_images))
    edges = np.rint(np.cumsum(shares) / shares.sum() * n_images).astype(int)
    codes = np.searchsorted(edges, np.arange(n_images), side="right").astype(np.int64)
    return rows, codes
