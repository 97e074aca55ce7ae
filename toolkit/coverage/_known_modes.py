"""Worlds whose modes are known: how many were found. For checking an answer, never for finding it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._rows import check_counts, check_positive_int, check_two_samples

__all__ = ["KnownModes", "known_labels", "known_modes"]


@dataclass(frozen=True)
class KnownModes:
    """What :func:`known_modes` and :func:`known_labels` find.

    Parameters
    ----------
    n_found : int
        Modes with at least one sample (for points: within three standard deviations).
    n_modes : int
        Modes that there are.
    high_quality : float
        Share of samples that belong to a mode; 1 for labels.
    kl : float
        Kullback-Leibler divergence of the modes of those samples from the uniform distribution, in nats.
    counts : ndarray of shape (n_modes,)
        Those samples, by mode.

    Examples
    --------
    >>> from toolkit.coverage import known_modes
    >>> from toolkit.datasets import load_ring
    >>> ring = load_ring(500, random_state=0)
    >>> found = known_modes(ring.points[ring.labels < 5], ring.centres, ring.scale)
    >>> found.n_found, found.n_modes, found.counts[5:].tolist()
    (5, 8, [0, 0, 0])
    """

    n_found: int
    n_modes: int
    high_quality: float
    kl: float
    counts: NDArray[np.intp]


def _kl_to_uniform(counts: NDArray) -> float:
    if not counts.sum():
        return float("nan")
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, float((shares * np.log(shares * len(counts))).sum()))


@usual_floating_point
def known_modes(samples: ArrayLike, centres: ArrayLike, scale: float, *, n_sigmas: float = 3.0) -> KnownModes:
    """Modes found by 2-D samples of a ring or grid, by the published protocol.

    Parameters
    ----------
    samples : array-like of shape (n_samples, n_features)
    centres : array-like of shape (n_modes, n_features)
    scale : float
        Standard deviation of a mode along each axis.
    n_sigmas : float, default=3.0
        A sample is of high quality, and finds its nearest mode, within that many standard deviations (Euclidean).

    Returns
    -------
    KnownModes

    References
    ----------
    .. [1] A. Srivastava et al., VEEGAN: reducing mode collapse in GANs using implicit variational learning, 2017.
    .. [2] Z. Lin et al., PacGAN: the power of two samples in generative adversarial networks, NeurIPS 2018.

    Examples
    --------
    >>> from toolkit.coverage import known_modes
    >>> found = known_modes([[0, 0.02], [0, 0], [5, 5]], centres=[[0, 0], [1, 0]], scale=0.01)
    >>> found.n_found, round(found.high_quality, 3), round(found.kl, 3)
    (1, 0.667, 0.693)
    """
    samples, centres = check_two_samples("samples", samples, "centres", centres)
    for name, value in (("scale", scale), ("n_sigmas", n_sigmas)):
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be a positive number, got {value!r}.")
    distances, modes = (found[:, 0] for found in nearest(samples, centres))
    good = distances <= n_sigmas * scale
    counts = np.bincount(modes[good], minlength=len(centres))
    return KnownModes(int((counts > 0).sum()), len(centres), float(good.mean()), _kl_to_uniform(counts), counts)


@usual_floating_point
def known_labels(labels: ArrayLike, n_modes: int) -> KnownModes:
    """Modes found by samples that a reader has labelled 0 to ``n_modes - 1``, as in Stacked-MNIST.

    Parameters
    ----------
    labels : array-like of int of shape (n_samples,)
    n_modes : int

    Returns
    -------
    KnownModes

    Notes
    -----
    Report the divergence with the modes: with enough samples, errors of the reader alone find every mode.
    A perfect sampler has a divergence of about ``(n_modes - 1) / (2 * n_samples)``.

    Examples
    --------
    >>> from toolkit.coverage import known_labels
    >>> found = known_labels([0, 0, 1, 1], 4)
    >>> found.n_found, round(found.kl, 4)
    (2, 0.6931)
    """
    n_modes = check_positive_int("n_modes", n_modes)
    labels = np.asarray(labels)
    if labels.ndim != 1 or not len(labels) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be ints of shape (n_samples,), got {labels.dtype} of shape {labels.shape}.")
    if labels.min() < 0 or labels.max() >= n_modes:
        raise ValueError(f"labels must be from 0 to {n_modes - 1}, got {labels.min()} to {labels.max()}.")
    counts = check_counts("labels", np.bincount(labels, minlength=n_modes)).astype(np.intp)
    return KnownModes(int((counts > 0).sum()), n_modes, 1.0, _kl_to_uniform(counts), counts)
