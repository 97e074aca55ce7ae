"""The Vendi score: how many different things a sample holds, without any reference."""

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._rows import check_rows

__all__ = ["vendi_score"]


@usual_floating_point
def vendi_score(rows: ArrayLike) -> float:
    """The effective number of different rows: exp of the entropy of the eigenvalues of their similarities.

    The similarity is the cosine. The dual form takes the ``(n_features, n_features)`` matrix of second moments, which
    has the same eigenvalues as the ``(n_samples, n_samples)`` matrix of similarities; the smaller of the two is used.

    Parameters
    ----------
    rows : array-like of shape (n_samples, n_features)
        Centre them first where the origin means nothing. Rows of zeros count as things of one kind of their own.

    Returns
    -------
    float
        From 1 (all alike) to the smaller of n_samples and n_features.

    Notes
    -----
    It is a measure of spread, not of completeness: it hardly notices that one digit of ten is gone.

    References
    ----------
    .. [1] D. Friedman and A. B. Dieng, The Vendi score, TMLR 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import vendi_score
    >>> round(vendi_score(np.repeat(np.eye(4), 25, axis=0)), 6)
    4.0
    """
    rows = check_rows("rows", rows)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)  # squares neither overflow nor vanish
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    gram = rows.T @ rows if rows.shape[1] <= len(rows) else rows @ rows.T
    values = np.linalg.eigvalsh(gram / len(rows))
    n_zero = float((norms == 0).mean())
    values = np.append(values, n_zero)
    values = values[values > 1e-15]
    return float(np.exp(-(values * np.log(values)).sum()))
