"""What answers to arithmetic are worth: right or wrong, by character, and where the mistakes lie."""

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_strings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answer_accuracy", "answer_errors", "count_carries"]

_QUERY = re.compile(r"^(\d+)([+-])(\d+)$")


def _three(queries, answers, predictions):
    """The three as arrays of str, equally long."""
    found = {}
    for name, values in (("queries", queries), ("answers", answers), ("predictions", predictions)):
        if values is not None:
            found[name] = np.char.strip(check_strings(name, [values] if np.ndim(values) == 0 else values))
    sizes = {name: len(values) for name, values in found.items()}
    if len(set(sizes.values())) > 1 or 0 in sizes.values():
        raise ValueError(f"{', '.join(sizes)} must be equally long and not empty, got lengths {sizes}.")
    return found


def answer_accuracy(answers: ArrayLike, predictions: ArrayLike) -> dict[str, float]:
    """How many answers are right, and how many of their characters.

    Parameters
    ----------
    answers, predictions : array-like of str of shape (n_samples,)

    Returns
    -------
    dict
        ``exact_match``, and ``character_accuracy``: of all places of the longer of the two strings of each pair, the
        share that agrees, counted from the left.

    Examples
    --------
    >>> answer_accuracy(["68", "-13"], ["68", "-12"])
    {'exact_match': 0.5, 'character_accuracy': 0.8}
    """
    found = _three(None, answers, predictions)
    answers, predictions = found["answers"], found["predictions"]
    sizes = np.maximum(np.char.str_len(answers), np.char.str_len(predictions))
    length = max(1, int(sizes.max()))
    columns = [
        np.char.ljust(values, length).astype(f"<U{length}").view("<U1").reshape(-1, length)
        for values in (answers, predictions)
    ]
    agree = ((columns[0] == columns[1]) & (np.arange(length) < sizes[:, None])).sum()
    return {
        "exact_match": float((answers == predictions).mean()),
        "character_accuracy": float(agree / max(1, sizes.sum())),
    }


def count_carries(queries: ArrayLike) -> NDArray:
    """Carries of each sum, borrows of each difference (of the smaller number from the larger).

    Parameters
    ----------
    queries : array-like of str of shape (n_samples,)

    Returns
    -------
    ndarray of int of shape (n_samples,)

    Examples
    --------
    >>> count_carries(["45+23", "99+1", "42-17", "17-42"]).tolist()
    [0, 2, 1, 1]
    """
    return np.array([_carries(*_parse(query)) for query in _three(queries, None, None)["queries"]])


def _parse(query):
    match = _QUERY.match(query.strip())
    if match is None:
        raise ValueError(f"queries must read like '45+23' or '45-23', got {query!r}.")
    return int(match[1]), match[2], int(match[3])


def _carries(first, sign, second):
    count = carry = 0
    if sign == "-":
        first, second = max(first, second), min(first, second)
    while first or second:
        a, b = first % 10, second % 10
        carry = int(a + b + carry > 9) if sign == "+" else int(a - b - carry < 0)
        count += carry
        first, second = first // 10, second // 10
    return count


def answer_errors(queries: ArrayLike, answers: ArrayLike, predictions: ArrayLike) -> "pd.DataFrame":
    """Where the mistakes lie: by operation, by carries or borrows, by length of the answer.

    Parameters
    ----------
    queries, answers, predictions : array-like of str of shape (n_samples,)

    Returns
    -------
    DataFrame
        One row a group: ``by`` (``"all"``, ``"operation"``, ``"carries"``, ``"borrows"``, ``"answer length"``),
        ``group``, ``n``, ``n_wrong``, ``exact_match``, ``character_accuracy``.

    Examples
    --------
    >>> found = answer_errors(["45+23", "99+1", "17-42"], ["68", "100", "-25"], ["68", "100", "-35"])
    >>> found[["by", "group", "n_wrong"]].values.tolist()[:3]
    [['all', '', 1], ['operation', '+', 0], ['operation', '-', 1]]
    """
    import pandas as pd

    found = _three(queries, answers, predictions)
    queries, answers, predictions = found.values()
    signs = np.array([_parse(query)[1] for query in queries])
    carries = count_carries(queries)
    sizes = np.char.str_len(answers)
    groups = [("all", "", np.ones(len(queries), dtype=bool))]
    groups += [("operation", sign, signs == sign) for sign in np.unique(signs).tolist()]
    for name, sign in (("carries", "+"), ("borrows", "-")):
        mine = signs == sign
        groups += [(name, str(count), mine & (carries == count)) for count in np.unique(carries[mine])]
    groups += [("answer length", str(size), sizes == size) for size in np.unique(sizes)]
    rows = [
        {
            "by": by,
            "group": group,
            "n": int(mine.sum()),
            "n_wrong": int((answers[mine] != predictions[mine]).sum()),
            **answer_accuracy(answers[mine], predictions[mine]),
        }
        for by, group, mine in groups
    ]
    return pd.DataFrame(rows)
