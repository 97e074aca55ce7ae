"""How varied drawn handwriting is, next to real handwriting."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.labels import check_numbers, check_strings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["handwriting_spread"]

_FEATURES = 50


@usual_floating_point
def handwriting_spread(
    pictures: ArrayLike, characters: ArrayLike, real: ArrayLike, real_characters: ArrayLike
) -> "pd.DataFrame":
    """Spread of drawn pictures of each character as a share of the spread of real ones.

    Parameters
    ----------
    pictures : ndarray of shape (n_samples, height, width)
        In the range of ``real``.
    characters : array-like of str of shape (n_samples,)
    real : ndarray of shape (n_real, height, width)
    real_characters : array-like of str of shape (n_real,)

    Returns
    -------
    DataFrame
        One row a character with at least two pictures on either side: ``character``, ``n``, ``spread``: the root
        mean square distance to the mean on the first fifty principal components of the real pictures, drawn over
        real. 1 is as varied as real hands, 0 the same picture each time.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> digits = load_digits()
    >>> names = digits.labels.astype(str)
    >>> float(handwriting_spread(digits.images, names, digits.images, names)["spread"].mean())
    1.0
    """
    import pandas as pd
    from sklearn.decomposition import PCA

    pictures, real = check_numbers("pictures", pictures), check_numbers("real", real)
    characters = check_strings("characters", characters)
    real_characters = check_strings("real_characters", real_characters)
    for name, images, letters in (("pictures", pictures, characters), ("real", real, real_characters)):
        if images.ndim != 3 or len(images) != len(letters):
            raise ValueError(
                f"{name} must be pictures (n, height, width) with a character each, got shape {images.shape} and "
                f"{len(letters)} characters."
            )
    rows = real.astype(np.float32).reshape(len(real), -1)
    pca = PCA(min(_FEATURES, *rows.shape), svd_solver="covariance_eigh").fit(rows)
    there = pca.transform(rows)
    here = pca.transform(pictures.astype(np.float32).reshape(len(pictures), -1))
    found = []
    for character in sorted(set(characters) & set(real_characters)):
        mine, theirs = here[characters == character], there[real_characters == character]
        if min(len(mine), len(theirs)) > 1:
            spread = np.sqrt(mine.var(axis=0).sum() / max(theirs.var(axis=0).sum(), np.finfo(np.float32).tiny))
            found.append({"character": character, "n": len(mine), "spread": float(spread)})
    return pd.DataFrame(found, columns=["character", "n", "spread"])
