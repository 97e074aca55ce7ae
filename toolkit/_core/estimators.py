"""Small questions about estimators that scikit-learn answers with exceptions."""

from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

__all__ = ["is_fitted", "seeded_clone"]


def is_fitted(estimator: object) -> bool:
    """Whether an estimator was fitted already; False for what is none.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> is_fitted(PCA()), is_fitted(PCA().fit([[0.0], [1.0]]))
    (False, True)
    """
    try:
        check_is_fitted(estimator)
    except (NotFittedError, TypeError):
        return False
    return True


def seeded_clone(estimator: BaseEstimator, seed: int, **params: Any) -> Any:
    """A clone with the seed, unless it has one of its own, and these parameters: who holds it repeats as a whole.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> seeded_clone(PCA(), 3).random_state, seeded_clone(PCA(random_state=1), 3, whiten=True)
    (3, PCA(random_state=1, whiten=True))
    """
    made = clone(estimator)
    if made.get_params().get("random_state", seed) is None:
        params["random_state"] = seed
    return made.set_params(**params)
