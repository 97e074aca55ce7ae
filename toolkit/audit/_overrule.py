"""Verdicts of an audit overruled by who looked: the table, the images and what to keep, as decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from toolkit.audit._auditor import Auditor

__all__ = ["CLEAN", "LEAVE", "Overruled", "nearest_images", "overrule"]

CLEAN, LEAVE = "clean", "leave"  # nothing is wrong with it; leave it as it is, whatever is wrong with it
_NOBODY_TO_ASK = "nothing is repaired anew without the auditor"


@dataclass(frozen=True)
class Overruled:
    """What :func:`overrule` gives.

    Attributes
    ----------
    per_image : DataFrame
        The table of the audit with two more columns: ``decision``, empty where nothing was decided, and ``why_not``,
        why an image said to be damaged stays as it came. ``repaired``, ``restorer`` and ``angle`` say what was done by
        the decision.
    images : ndarray
        Repaired where that was found and not overruled, and as the kind decided where that could be confirmed.
    keep : ndarray of bool of shape (n,)
        Images that are clean, repaired, or to be left as they are; the others are damaged.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from toolkit.audit import overrule
    >>> table = pd.DataFrame({"kind": ["clean", "clean", "gaussian_blur"], "repaired": 0})
    >>> images = np.zeros((3, 4, 4), np.uint8)
    >>> found = overrule(table, images, images, {1: "gaussian_noise"})  # the second is noisy, for who looked
    >>> found.keep.tolist(), found.per_image["why_not"].tolist()
    ([True, False, False], ['', 'nothing is repaired anew without the auditor', ''])
    """

    per_image: pd.DataFrame
    images: NDArray
    keep: NDArray


def overrule(
    per_image: pd.DataFrame,
    images: NDArray,
    repaired: NDArray,
    decisions: Mapping[int, str] | None = None,
    *,
    auditor: "Auditor | None" = None,
) -> Overruled:
    """Take decisions on single images into the result of an audit.

    Parameters
    ----------
    per_image : DataFrame of n rows
        As an audit gives it.
    images, repaired : ndarray of n images
        As given, and after repair.
    decisions : dict of int to str, optional
        Position of an image to ``"clean"`` (nothing is wrong with it), ``"leave"`` (keep it as it came) or the kind of
        damage that it truly has. What was found stands in ``kind``; an image that was found damaged in another way
        than it is loses a repair that was meant for that other damage.
    auditor : Auditor, optional
        Fitted, the one of the audit: it repairs an image anew as the kind decided, where it can undo that kind and the
        checks of every repair confirm it (:meth:`Auditor.repair_as`).

    Returns
    -------
    Overruled

    Raises
    ------
    ValueError
        Tables and images of different length, a position that there is not, or a decision that is none.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> table = pd.DataFrame({"kind": ["clean", "invert"], "repaired": [0, 1], "restorer": ["", "invert"]})
    >>> images = np.zeros((2, 4, 4), np.uint8)
    >>> found = overrule(table, images, images + np.array([0, 255], np.uint8)[:, None, None], {1: "clean"})
    >>> found.per_image["decision"].tolist(), int(found.images.max()), found.keep.tolist()
    (['', 'clean'], 0, [True, True])
    """
    from toolkit.corruption import EVERYDAY_KINDS, KINDS

    decisions = dict(decisions or {})
    if not len(per_image) == len(images) == len(repaired):
        raise ValueError(
            f"per_image, images and repaired must be as many, got {len(per_image)}, {len(images)} and {len(repaired)}."
        )
    known = {CLEAN, LEAVE, *KINDS, *EVERYDAY_KINDS, *per_image["kind"].unique()}
    for place, decision in decisions.items():
        if not 0 <= place < len(per_image):
            raise ValueError(f"decisions: there are {len(per_image)} images, got a decision on number {place}.")
        if decision not in known:
            raise ValueError(f"decisions: {decision!r} is neither 'clean' nor 'leave' nor a kind of damage.")
    table = per_image.reset_index(drop=True).copy()
    table["decision"] = ""
    result = np.array(repaired)
    kinds, places = table["kind"].to_numpy().astype(object), np.fromiter(decisions, dtype=int, count=len(decisions))
    made = np.array([decisions[place] for place in places], dtype=object)
    table.loc[places, "decision"] = made
    # Said to be what it was repaired as: that repair stands.
    back = places[(made != kinds[places]) | (table["repaired"].to_numpy()[places] != 1)]
    result[back] = np.asarray(images)[back]
    for column, value in (("repaired", 0), ("restorer", ""), ("angle", 0.0)):
        if column in table:
            table.loc[back, column] = value
    table["why_not"] = ""
    damaged = np.array([place for place in back if decisions[place] not in (CLEAN, LEAVE)], dtype=int)
    if len(damaged):
        _repair_anew(table, result, damaged, [decisions[place] for place in damaged], auditor)
    is_changed = table["repaired"].to_numpy() == 1
    keep = (kinds == CLEAN) | (kinds == "unjudged") | is_changed
    keep[places] = np.isin(made.astype(str), (CLEAN, LEAVE)) | is_changed[places]
    return Overruled(table, result, keep)


def _repair_anew(
    table: pd.DataFrame, result: NDArray, places: NDArray, kinds: list[str], auditor: "Auditor | None"
) -> None:
    """Repair images as the kinds decided, in the table and the images."""
    if auditor is None:
        table.loc[places, "why_not"] = _NOBODY_TO_ASK
        return
    from toolkit.corruption import ALL_KINDS

    known = np.isin(np.asarray(kinds, dtype=object).astype(str), ALL_KINDS)
    table.loc[places[~known], "why_not"] = "that is no kind that could be undone"
    places, names = places[known], [kind for kind, is_known in zip(kinds, known) if is_known]
    if not len(places):
        return
    made, repairs = auditor.repair_as(result[places], names)
    result[places] = made
    table.loc[places, "why_not"] = repairs["why_not"].to_numpy()
    done = repairs["repaired"].to_numpy()
    for column, values in (("repaired", done.astype(int)), ("restorer", repairs["restorer"])):
        if column in table:
            table.loc[places, column] = np.asarray(values)
    if "angle" in table:
        table.loc[places, "angle"] = np.where(done, repairs["angle"], 0.0)


def nearest_images(images: ArrayLike, place: int, n_neighbours: int = 6) -> NDArray[np.intp]:
    """The images of a set that are most like one of them, by mean squared difference of their pixels.

    Parameters
    ----------
    images : array-like of shape (n, height, width[, 3])
    place : int
        Which.
    n_neighbours : int, default=6
        As many at most.

    Returns
    -------
    ndarray of int
        Positions, the most alike first, without ``place`` itself.

    Examples
    --------
    >>> import numpy as np
    >>> nearest_images(np.array([0, 5, 6, 9])[:, None, None] * np.ones((2, 2)), 1, 2).tolist()
    [2, 3]
    """
    stack = np.asarray(images)
    if not 0 <= place < len(stack):
        raise ValueError(f"place must be one of {len(stack)} images, got {place!r}.")
    one = stack[place].astype(np.float32)
    distances = np.concatenate(
        [
            np.square(part.astype(np.float32) - one).reshape(len(part), -1).sum(axis=1)
            for part in (stack[start : start + 1024] for start in range(0, len(stack), 1024))
        ]
    )
    distances[place] = np.inf
    return np.argsort(distances, kind="stable")[: min(n_neighbours, len(stack) - 1)]
