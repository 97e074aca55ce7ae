"""Ways to draw from one fitted generator, against images that it never saw."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.names import check_names
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

__all__ = ["compare_sampling"]

_NEIGHBOURS = 5
_N_FEATURES = 50


@usual_floating_point
def compare_sampling(
    model: "BaseEstimator",
    X: ArrayLike,
    held_back: ArrayLike,
    *,
    ways: Sequence[str] | None = None,
    features: "BaseEstimator | None" = None,
    truncation: float = 0.7,
    random_state: RandomState = None,
) -> pd.DataFrame:
    """Compare ways of drawing latents: how near the samples are to held-back images, how varied, and whether copied.

    Parameters
    ----------
    model : Autoencoder, VariationalAutoencoder or GAN
        Fitted on ``X``.
    X : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        What the model learnt from.
    held_back : array-like of shape (n_held_back, ...)
        Images that it never saw, more than five. As many samples are drawn in each way.
    ways : sequence of str, default=None
        Names in :data:`toolkit.generators.LATENT_WAYS`; None takes all that the model allows.
    features : fitted transformer, default=None
        Whose ``transform`` gives the features that distances are taken in; None takes the first 50 principal
        components of ``X``, in units of its range.
    truncation : float, default=0.7
        See :func:`toolkit.generators.draw_latents`.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    DataFrame
        A row each way, and a first one, ``"training images"``, with what images of ``X`` themselves score: ``way``,
        ``frechet``, ``precision``, ``recall``, ``density``, ``coverage`` (five neighbours), ``copied_share`` (of
        samples nearer to a training image than 99 % of the held-back images are; about .01 when nothing is copied).

    Raises
    ------
    ValueError
        Unknown way, or too few images held back.

    See Also
    --------
    toolkit.generators.draw_latents : The ways, with their papers.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder
    >>> X = load_digits().images[:300]
    >>> model = Autoencoder(latent_dim=3, epochs=1, random_state=0).fit(X[:200])
    >>> table = compare_sampling(model, X[:200], X[200:], ways=["density", "half_way_linear"], random_state=0)
    >>> table["way"].tolist()
    ['training images', 'density', 'half_way_linear']
    """
    from toolkit.generators import LATENT_WAYS, decode_latents, draw_latents

    if ways is None:
        ways = [way for way in LATENT_WAYS if hasattr(model, "transform") or way.endswith("prior")]
    ways = check_names(ways, LATENT_WAYS, "way")
    X = plain_stack(as_array(X))
    held_back = plain_stack(as_array(held_back, "held_back"), "held_back")
    if len(held_back) <= _NEIGHBOURS or len(X) < len(held_back):
        raise ValueError(
            f"held_back must hold more than {_NEIGHBOURS} images and no more than X, got {len(held_back)} and {len(X)}."
        )
    generator = as_generator(random_state)
    embed = _principal_components(X) if features is None else features.transform
    train, real = embed(X), embed(held_back)
    chosen = generator.choice(len(X), len(held_back), replace=False)
    others = np.setdiff1d(np.arange(len(X)), chosen)
    rows = [{"way": "training images", **_figures(train[chosen], train[others] if len(others) > 1 else train, real)}]
    for way in ways:
        seed = int(generator.integers(2**31 - 1))
        latents = draw_latents(model, len(held_back), way=way, X=X, truncation=truncation, random_state=seed)
        rows.append({"way": way, **_figures(embed(decode_latents(model, latents)), train, real)})
    return pd.DataFrame(rows)


def _principal_components(X):
    """Function to the first principal components of flat rows of X, in units of its range."""
    from sklearn.decomposition import PCA

    from toolkit._core.pixel_scale import PixelScale

    scale = PixelScale.learn(X)
    pca = PCA(min(_N_FEATURES, len(X), X[0].size), svd_solver="full" if len(X) < 2000 else "covariance_eigh")
    pca.fit(scale.to_unit(X).reshape(len(X), -1))
    return lambda images: pca.transform(scale.to_unit(images).reshape(len(images), -1))


def _figures(drawn, train, real):
    from toolkit.coverage import frechet_distance, memorisation, precision_recall_density_coverage

    near = precision_recall_density_coverage(real, drawn, n_neighbours=_NEIGHBOURS)
    copies = memorisation(drawn, train, held_out=real)
    return {"frechet": frechet_distance(real, drawn), **near.as_dict(), "copied_share": copies.copied_share}
