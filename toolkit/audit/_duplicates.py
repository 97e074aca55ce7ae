"""What is known of the duplicates of a set: pairs, groups, which to keep, and labels that disagree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.geometry import inverse_dihedral

__all__ = ["PAIR_COLUMNS", "Duplicates"]

PAIR_COLUMNS = ("id_a", "id_b", "relation", "symmetry", "difference", "similarity", "row_a", "row_b")


@dataclass(frozen=True, repr=False)
class Duplicates:
    """What :func:`find_duplicates` found.

    Attributes
    ----------
    pairs : DataFrame
        A row a pair: ``id_a``, ``id_b``; ``relation`` ("exact": the same pixels or the same file; "near": changed;
        "symmetry": turned or mirrored, changed or not); ``symmetry``, by which the first becomes the second;
        ``difference`` of the second from the first, in words; ``similarity`` from 0 to 1; ``row_a``, ``row_b``. Within
        a set the first is the one that looks like the original; between two it is the one of the first set. Each
        further exact copy is paired with the first one only.
    groups : ndarray of shape (n,)
        Number of the group of pictures that are one and the same; -1 for none. Between two sets, rows with the same
        number are found in the same picture of the other.
    representatives : ndarray of int
        The row to keep of each group: the largest, then the least noisy and compressed. None between two sets.
    ids : sequence of n values
    reasons : ndarray of str of shape (n,)
        Why nothing but exact copies could be told of a picture; empty where all could.
    needed : ndarray of shape (n,)
        Similarity that a changed copy of each picture must have to stand out from the others of this set; NaN where
        none was looked for.
    detectable : float
        Share of mildly changed copies that stand out in this set, estimated from ``needed``; exact copies always do.
    across : bool
        Whether it was looked for between two sets.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import find_duplicates
    >>> images = list(np.random.default_rng(0).integers(0, 256, (30, 24, 24), dtype=np.uint8))
    >>> found = find_duplicates([*images, images[7], np.fliplr(images[3])])
    >>> table = found.frame()
    >>> table.loc[~table["keep"], ["copy_of", "difference"]].values.tolist()
    [[7, 'same pixels'], [3, 'mirrored']]
    >>> found.conflicts(["cat"] * 31 + ["dog"])[["id_a", "label_a", "id_b", "label_b"]].values.tolist()
    [[3, 'cat', 31, 'dog']]
    """

    pairs: pd.DataFrame
    groups: NDArray[np.intp]
    representatives: NDArray[np.intp]
    ids: Sequence
    reasons: NDArray
    needed: NDArray[np.float64]
    detectable: float
    across: bool = False

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def measurable(self) -> bool:
        """Whether changed copies can be told from different pictures on this set: at least a half of them."""
        return self.detectable >= 0.5

    @property
    def note(self) -> str:
        """What there is to say of what can be told, in words; empty where there is nothing."""
        if self.detectable >= 0.9:
            return ""
        share = f"about {100 * self.detectable:.0f} % of mildly changed copies stand out"
        if self.measurable:
            return f"different images of this set are much alike: {share}"
        return f"changed copies can hardly be told here, different images are as alike as copies: {share}"

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.pairs["relation"].value_counts().items())
        where = "between two sets" if self.across else f"{len(self.representatives)} groups"
        return f"<Duplicates: {len(self)} images, {where}, pairs: {counts or 'none'}>"

    def frame(self) -> pd.DataFrame:
        """A row for each image.

        Returns
        -------
        DataFrame
            ``id``, ``group``, ``keep`` (whether it is the one to keep of its group; True without a group),
            ``copy_of`` (the id of the one to keep, or of the picture of the other set), ``relation``, ``symmetry``,
            ``difference``, ``similarity`` and ``reason``.
        """
        n = len(self)
        keep = self.groups < 0
        keep[self.representatives] = True
        table = pd.DataFrame({"id": pd.Series(list(self.ids), dtype=object), "group": self.groups, "keep": keep})
        columns: dict[str, list[Any]] = {
            name: [None] * n for name in ("copy_of", "relation", "symmetry", "difference", "similarity")
        }
        links = self._links()
        for row, (other, *values) in links.items():
            for name, value in zip(columns, (other, *values)):
                columns[name][row] = value
        for name, values in columns.items():
            table[name] = pd.Series(values, dtype=float if name == "similarity" else object)
        table["reason"] = self.reasons
        return table

    def _links(self) -> dict[int, tuple]:
        """What each row is a copy of: the one to keep, or the most similar picture of the other set."""
        found: dict[int, tuple] = {}
        keepers = {} if self.across else {int(self.groups[row]): int(row) for row in self.representatives}
        for pair in self.pairs.itertuples(index=False):
            ends = [(pair.row_a, pair.row_b, pair.id_b, False)]
            if not self.across:
                ends.append((pair.row_b, pair.row_a, pair.id_a, True))
            for row, other, name, forward in ends:
                known = found.get(row)
                wanted = self.across or keepers.get(int(self.groups[row])) == other
                if row in keepers.values() or not wanted or (known is not None and known[4] >= pair.similarity):
                    continue
                symmetry = pair.symmetry if forward or self.across else inverse_dihedral(pair.symmetry)
                found[row] = (name, pair.relation, symmetry, pair.difference, pair.similarity)
        if not self.across:
            # Copies of copies, known through the centre of their group.
            for row in np.flatnonzero(self.groups >= 0).tolist():
                keeper = keepers[int(self.groups[row])]
                if row != keeper and row not in found:
                    found[row] = (self.ids[keeper], None, None, None, None)
        return found

    def conflicts(self, labels: Sequence) -> pd.DataFrame:
        """Pairs of copies with different labels: one picture that was labelled twice.

        Parameters
        ----------
        labels : sequence of n values
            A label or class folder for each image.

        Returns
        -------
        DataFrame
            The pairs concerned, with ``label_a`` and ``label_b`` after their ids.
        """
        if self.across:
            raise ValueError("conflicts are looked for within one set: these duplicates are between two.")
        if len(labels) != len(self):
            raise ValueError(f"labels must have a value for each of {len(self)} images, got {len(labels)}.")
        given = np.empty(len(labels), dtype=object)
        given[:] = list(labels)
        a, b = given[self.pairs["row_a"].to_numpy()], given[self.pairs["row_b"].to_numpy()]
        differ = np.array([bool(first != second) for first, second in zip(a, b)], dtype=bool)
        table = self.pairs.copy()
        table.insert(2, "label_a", a)
        table.insert(3, "label_b", b)
        return table[differ].reset_index(drop=True)
