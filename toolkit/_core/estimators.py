"""Small questions about estimators that scikit-learn answers with exceptions."""

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

__all__ = ["is_fitted"]


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
