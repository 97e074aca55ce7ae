"""Writers' styles: Gaussian mixtures over the latent codes of real pictures, one for each character."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.random import as_generator, spawn_seeds

__all__ = ["fit_style_mixtures"]

_MOST = 1500  # pictures of a character to learn from
_FEWEST = 40  # pictures for each component
_RIDGE = 1e-3


def fit_style_mixtures(writer: Any, pictures: NDArray, characters: NDArray, to_unit: Callable, seed: int) -> None:
    """Fit the mixtures of a trained :class:`VariedWriter` to draws from the posteriors of pictures.

    Parameters
    ----------
    writer : VariedWriter
    pictures : ndarray of shape (n, height, width)
    characters : ndarray of int of shape (n,)
    to_unit : callable
    seed : int
    """
    import torch
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    generator = as_generator(seed)
    n_components = writer.centres.shape[1]
    for character in np.unique(characters):
        places = np.flatnonzero(characters == character)
        if len(places) > _MOST:
            places = np.sort(generator.choice(places, size=_MOST, replace=False))
        shown = to_unit(torch.from_numpy(np.require(pictures[places], requirements=["C", "W"])))
        with torch.no_grad():
            mean, log_variance = writer.codes(shown, torch.full((len(places),), int(character)))
        noise = generator.standard_normal(mean.shape)
        codes = mean.double().numpy() + noise * np.exp(0.5 * log_variance.double().numpy())
        if len(codes) == 1:
            codes = np.concatenate([codes, codes])
        n_used = int(np.clip(len(codes) // _FEWEST, 1, n_components))
        # Starts from pictures, not from k-means, whose sums depend on how threads meet.
        mixture = GaussianMixture(
            n_used, reg_covar=_RIDGE, init_params="random_from_data", random_state=spawn_seeds(generator, 1)[0]
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture that is nearly fitted will do
            mixture.fit(codes)
        with torch.no_grad():
            writer.shares[character] = 0
            writer.shares[character, :n_used] = torch.from_numpy(mixture.weights_).float()
            writer.centres[character, :n_used] = torch.from_numpy(mixture.means_).float()
            writer.factors[character, :n_used] = torch.from_numpy(np.linalg.cholesky(mixture.covariances_)).float()
