"""The density that an autoencoder's latent vectors have: a Gaussian mixture, as large as the data asks for."""

import warnings

import numpy as np
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

__all__ = ["fit_density", "sample_density"]

_MAX_COMPONENTS = 32
_MAX_FULL_DIM = 16  # beyond it a full covariance has more parameters than it is worth
_RIDGE = 1e-4  # of the mean variance, added to each variance


def fit_density(latent, n_components, generator):
    """Fit a Gaussian mixture to latent vectors.

    Parameters
    ----------
    latent : ndarray of shape (n_samples, latent_dim)
    n_components : int or "bic"
        ``"bic"`` doubles the number of components, up to 32, until Schwarz's criterion no longer falls (Schwarz, 1978,
        "Estimating the dimension of a model").
    generator : numpy.random.Generator

    Returns
    -------
    GaussianMixture
        Fitted; never more components than there are distinct rows.
    """
    n_distinct = len(np.unique(latent, axis=0))
    seed = int(generator.integers(2**31 - 1))
    if n_components != "bic":
        return _mixture(latent, min(n_components, n_distinct), seed)
    best, best_bic, size = None, np.inf, 1
    # Fewer than five rows a component tell nothing of its shape.
    while size <= max(1, min(_MAX_COMPONENTS, n_distinct // 5)):
        mixture = _mixture(latent, size, seed)
        bic = mixture.bic(latent)
        if not bic < best_bic:
            break
        best, best_bic, size = mixture, bic, 2 * size
    return best


def _mixture(latent, n_components, seed):
    mixture = GaussianMixture(
        n_components,
        covariance_type="full" if latent.shape[1] <= _MAX_FULL_DIM else "diag",
        init_params="k-means++",
        reg_covar=_RIDGE * float(latent.var(axis=0).mean()) + 1e-12,
        random_state=seed,
    )
    # With dispatch by kind of array, which these never need, mixtures refuse to begin as asked.
    with warnings.catch_warnings(), config_context(array_api_dispatch=False):
        # Which mixture is good enough is for the criterion to say.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(latent)


def sample_density(mixture, n_samples, generator):
    """Draw rows from a fitted mixture, each independent of the others.

    scikit-learn's own ``sample`` gives rows sorted by component, and the same ones each time for an int seed.

    Parameters
    ----------
    mixture : GaussianMixture
        With full or diagonal covariances.
    n_samples : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of shape (n_samples, latent_dim)
    """
    component = generator.choice(len(mixture.weights_), size=n_samples, p=mixture.weights_ / mixture.weights_.sum())
    noise = generator.standard_normal((n_samples, mixture.means_.shape[1]))
    if mixture.covariance_type == "diag":
        return mixture.means_[component] + noise * np.sqrt(mixture.covariances_[component])
    spread = np.linalg.cholesky(mixture.covariances_)
    return mixture.means_[component] + np.einsum("nij,nj->ni", spread[component], noise)
