"""From likelihoods to probabilities: how much of each kind is in the set, and how sure one can be of it."""

import numpy as np
from scipy import optimize

__all__ = ["clean_interval", "fit_temperature", "mixture_shares", "posterior"]


def posterior(log_likelihoods, shares):
    """Probabilities of the kinds, given how much of each there is.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (n, n_outputs)
        Up to a constant per row.
    shares : ndarray of shape (n_outputs,)

    Returns
    -------
    ndarray of shape (n, n_outputs)
    """
    logs = log_likelihoods + np.log(np.maximum(shares, 1e-12))
    logs -= logs.max(axis=1, keepdims=True)
    values = np.exp(logs)
    return values / values.sum(axis=1, keepdims=True)


def mixture_shares(log_likelihoods, *, n_iterations=100, prior_count=0.2, evenness=0.0, least_clean=0.0, clean=None):
    """Shares of the kinds in a set, by expectation maximisation.

    The likelihoods stay, only their mixture is fitted (Saerens et al., 2002, "Adjusting the outputs of a classifier to
    new a priori probabilities").

    Parameters
    ----------
    log_likelihoods : ndarray of shape (n, n_outputs)
    n_iterations : int, default=100
    prior_count : float, default=0.2
        Images of each kind imagined beforehand, so that no share is exactly zero.
    evenness : float, default=0.0
        Part of the corrupted share that is spread evenly over the kinds: with few images the most likely mixture gives
        everything to one of two kinds that look alike.
    least_clean : float, default=0.0
        The share of the first kind does not fall below this.
    clean : float, default=None
        The share of the first kind, where it is not to be fitted.

    Returns
    -------
    ndarray of shape (n_outputs,)

    Examples
    --------
    >>> import numpy as np
    >>> sure = np.log(np.eye(2)[[0, 0, 0, 1]] + 1e-9)
    >>> mixture_shares(sure, prior_count=0.0).round(2)
    array([0.75, 0.25])
    """
    likelihoods = np.exp(log_likelihoods - log_likelihoods.max(axis=1, keepdims=True))
    n_outputs = likelihoods.shape[1]
    # From the clean side: a set is innocent until its images say otherwise.
    start = 0.8 if clean is None else clean
    shares = np.full(n_outputs, (1 - start) / max(n_outputs - 1, 1))
    shares[0] = start
    for _ in range(n_iterations):
        weights = likelihoods * shares
        weights /= weights.sum(axis=1, keepdims=True)
        counts = weights.sum(axis=0) + prior_count
        updated = counts / counts.sum()
        updated[1:] = (1 - evenness) * updated[1:] + evenness * updated[1:].mean()
        held = max(updated[0], least_clean) if clean is None else clean
        updated[1:] *= (1 - held) / updated[1:].sum()
        updated[0] = held
        if np.abs(updated - shares).max() < 1e-6:
            return updated
        shares = updated
    return shares


def clean_interval(log_likelihoods, shares, *, z=1.96):
    """Interval of the share of corrupted images, from the curvature of the mixture's likelihood.

    Returns
    -------
    tuple of float
        Lower and upper end, within [0, 1]. It covers the chance of the sample and the overlap of the kinds, not a
        misfit of the network.
    """
    likelihoods = np.exp(log_likelihoods - log_likelihoods.max(axis=1, keepdims=True))
    clean = likelihoods[:, 0]
    other = likelihoods[:, 1:] @ (shares[1:] / max(shares[1:].sum(), 1e-12))
    corrupted = 1 - shares[0]
    mixed = np.maximum(shares[0] * clean + corrupted * other, 1e-300)
    information = (((other - clean) / mixed) ** 2).sum()
    half = z / np.sqrt(max(information, 1e-12))
    return max(0.0, corrupted - half), min(1.0, corrupted + half)


def fit_temperature(log_likelihoods, kind, *, clean_share=0.8, doubt=0.0):
    """Temperature by which to divide log-likelihoods so that the probabilities made from them are calibrated.

    One number (Guo et al., 2017, "On calibration of modern neural networks"), found where it counts: as if most of the
    images were clean.

    Parameters
    ----------
    log_likelihoods : ndarray of shape (n, n_outputs)
    kind : ndarray of int of shape (n,)
        What each row is; 0 is clean.
    clean_share : float, default=0.8
        Weight of the clean rows; the kinds share the rest.
    doubt : float, default=0.0
        Chance that a corrupted row stands among the clean ones. Above zero, rows said to be clean that are surely not
        pull at nothing.
    """
    n_outputs = log_likelihoods.shape[1]
    shares = np.full(n_outputs, (1 - clean_share) / (n_outputs - 1))
    shares[0] = clean_share
    weights = (shares / np.maximum(np.bincount(kind, minlength=n_outputs), 1))[kind]
    doubts = np.where(kind == 0, doubt, 0.0)

    def loss(log_temperature):
        probability = posterior(log_likelihoods / np.exp(log_temperature), shares)
        own = np.take_along_axis(probability, kind[:, None], axis=1)[:, 0]
        return -float(weights @ np.log(np.maximum(own * (1 - doubts) + doubts, 1e-12)))

    found = optimize.minimize_scalar(loss, bounds=(np.log(0.25), np.log(8.0)), method="bounded")
    return float(np.exp(found.x))
