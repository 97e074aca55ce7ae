"""Where in the latent space to draw from, and where to walk: the same questions for every generator."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from toolkit._core.names import lookup
from toolkit._core.parameters import check_int, check_number
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.generators._density import fit_density, sample_density
from toolkit.generators._paths import latent_path

if TYPE_CHECKING:
    from toolkit.generators._gan import GAN
    from toolkit.generators._latent_model import LatentModel

__all__ = ["LATENT_WAYS", "decode_latents", "draw_latents", "latent_sums", "latent_walks"]

_DENSITY_ROWS = 10_000  # more tell the mixture nothing and cost minutes


def _prior(model, latents, n_samples, truncation, generator):
    if hasattr(model, "latents"):
        return model.latents(n_samples, random_state=int(generator.integers(2**31 - 1)))
    return generator.standard_normal((n_samples, model.latent_dim_))


def _truncated_prior(model, latents, n_samples, truncation, generator):
    return truncation * _prior(model, latents, n_samples, truncation, generator)


def _mixture(latents, generator):
    if len(latents) > _DENSITY_ROWS:
        latents = latents[generator.choice(len(latents), _DENSITY_ROWS, replace=False)]
    return fit_density(latents, "bic", generator)


def _density(model, latents, n_samples, truncation, generator):
    return sample_density(_mixture(latents, generator), n_samples, generator)


def _truncated_density(model, latents, n_samples, truncation, generator):
    mixture = _mixture(latents, generator)
    # Narrower components about the same means: each vector keeps its component.
    mixture.covariances_ = mixture.covariances_ * truncation**2
    return sample_density(mixture, n_samples, generator)


def _half_way(method):
    def draw(model, latents, n_samples, truncation, generator):
        centre = latents.mean(axis=0)
        pairs = latents[generator.integers(len(latents), size=(n_samples, 2))] - centre
        return centre + np.stack([latent_path(first, last, 3, method)[1] for first, last in pairs])

    return draw


LATENT_WAYS = {
    "prior": _prior,
    "truncated_prior": _truncated_prior,
    "density": _density,
    "truncated_density": _truncated_density,
    "half_way_linear": _half_way("linear"),
    "half_way_spherical": _half_way("spherical"),
}
_WITHOUT_IMAGES = ("prior", "truncated_prior")


def draw_latents(
    model: "GAN | LatentModel",
    n_samples: int = 1,
    *,
    way: str = "prior",
    X: ArrayLike | None = None,
    truncation: float = 0.7,
    random_state: RandomState = None,
) -> NDArray:
    """Draw latent vectors of a fitted generator in one of several ways.

    Parameters
    ----------
    model : Autoencoder, VariationalAutoencoder or GAN
        Fitted. A GAN has no way from images to latents: the first two ways only.
    n_samples : int, default=1
    way : str, default="prior"
        - ``"prior"``: what the model was trained to take; a standard normal for autoencoders, of which a plain one
          knows nothing;
        - ``"truncated_prior"``: the same, drawn in towards the centre by ``truncation``;
        - ``"density"``: a Gaussian mixture fitted to the latent vectors of ``X``;
        - ``"truncated_density"``: its components narrowed by ``truncation``;
        - ``"half_way_linear"``, ``"half_way_spherical"``: half way between the latent vectors of two images of ``X``,
          on the straight line or on the great circle about their mean (White, 2016, "Sampling generative networks").
    X : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features), default=None
        Images that the ways beyond the prior start from.
    truncation : float, default=0.7
        Between 0 and 1: less is plainer and more alike (Brock, Donahue and Simonyan, 2019, "Large scale GAN training
        for high fidelity natural image synthesis").
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ndarray of shape (n_samples, latent_dim)

    Raises
    ------
    ValueError
        Unknown way, truncation out of range, or a way that needs ``X`` without it.
    TypeError
        A way that needs ``transform`` of a model that has none.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder, draw_latents
    >>> X = load_digits().images[:200]
    >>> model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X)
    >>> draw_latents(model, 5, way="density", X=X, random_state=0).shape
    (5, 3)
    """
    check_is_fitted(model)
    draw = lookup(LATENT_WAYS, way, "way")
    check_int("n_samples", n_samples)
    check_number("truncation", truncation, high=1.0)
    latents = None if way in _WITHOUT_IMAGES else _encode(model, X, f"way={way!r}")
    return draw(model, latents, n_samples, truncation, as_generator(random_state))


def decode_latents(model: "GAN | LatentModel", latents: ArrayLike) -> NDArray:
    """Images of latent vectors, whatever the model calls the way there.

    Parameters
    ----------
    model : Autoencoder, VariationalAutoencoder or GAN
    latents : array-like of shape (n_samples, latent_dim)

    Returns
    -------
    ndarray
        In the layout, dtype and range of what the model was fitted on.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder, decode_latents
    >>> model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(load_digits().images[:50])
    >>> images = decode_latents(model, np.zeros((2, 3)))
    >>> images.shape, images.dtype.name
    ((2, 28, 28), 'uint8')
    """
    return model.inverse_transform(latents) if hasattr(model, "inverse_transform") else model.generate(latents)


def latent_walks(
    model: "LatentModel", X: ArrayLike, *, n_directions: int = 6, n_steps: int = 11, reach: float = 3.0
) -> tuple[NDArray, NDArray]:
    """Images along the directions in which the latent vectors of ``X`` spread most.

    Parameters
    ----------
    model : Autoencoder or VariationalAutoencoder
        Fitted.
    X : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
    n_directions : int, default=6
        Principal directions, from the widest; at most the latent dimension.
    n_steps : int, default=11
        Odd numbers have the mean in the middle.
    reach : float, default=3.0
        How far to go on either side, in standard deviations of that direction.

    Returns
    -------
    images : ndarray of shape (n_directions, n_steps, ...)
        In the layout, dtype and range of what the model was fitted on.
    shares : ndarray of shape (n_directions,)
        Share of the latent variance in each direction.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder, latent_walks
    >>> X = load_digits().images[:200]
    >>> model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X)
    >>> images, shares = latent_walks(model, X, n_directions=2, n_steps=5)
    >>> images.shape, bool(shares[0] >= shares[1])
    ((2, 5, 28, 28), True)
    """
    check_int("n_directions", n_directions)
    check_int("n_steps", n_steps, low=2)
    check_number("reach", reach, above=True)
    latents = _encode(model, X, "latent_walks")
    centre = latents.mean(axis=0)
    n_directions = min(n_directions, latents.shape[1])
    # Directions come as rows; their sign is arbitrary, so the largest entry is made positive.
    _, singular, directions = np.linalg.svd(latents - centre, full_matrices=False)
    directions = (
        directions * np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)])[:, None]
    )
    variance = singular**2 / max(len(latents) - 1, 1)
    steps = np.linspace(-reach, reach, n_steps)
    images = [
        decode_latents(model, centre + steps[:, None] * np.sqrt(variance[place]) * directions[place])
        for place in range(n_directions)
    ]
    return np.stack(images), variance[:n_directions] / max(variance.sum(), np.finfo(float).tiny)


def latent_sums(model: "LatentModel", a: ArrayLike, b: ArrayLike, c: ArrayLike) -> NDArray:
    """Images of ``latent(a) - latent(b) + latent(c)``, row by row.

    What ``a`` has and ``b`` lacks is added to ``c`` (Radford, Metz and Chintala, 2016, "Unsupervised representation
    learning with deep convolutional generative adversarial networks").

    Parameters
    ----------
    model : Autoencoder or VariationalAutoencoder
        Fitted.
    a, b, c : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        As many images each.

    Returns
    -------
    ndarray of shape (n_images, ...)

    Examples
    --------
    An image less itself changes nothing:

    >>> import numpy as np
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder, latent_sums
    >>> X = load_digits().images[:200]
    >>> model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X)
    >>> bool(np.abs(latent_sums(model, X[:2], X[:2], X[2:4]) - model.reconstruct(X[2:4]).astype(float)).max() <= 1)
    True
    """
    first, less, more = (_encode(model, part, "latent_sums") for part in (a, b, c))
    if not len(first) == len(less) == len(more):
        raise ValueError(f"a, b and c must hold as many images each, got {len(first)}, {len(less)} and {len(more)}.")
    return decode_latents(model, first - less + more)


def _encode(model, X, what):
    if not hasattr(model, "transform"):
        raise TypeError(f"{what} needs a model with transform, which {type(model).__name__} does not have.")
    if X is None:
        raise ValueError(f"{what} needs X, the images to start from.")
    return np.asarray(model.transform(X), dtype=float)
