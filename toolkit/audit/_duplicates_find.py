"""Duplicates of any pictures: exact ones, changed ones, and turned ones; within a set, and between two."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.geometry import DIHEDRAL
from toolkit._core.images import iter_chunks, resolve_image_shape
from toolkit._core.jobs import run_jobs
from toolkit._core.parameters import check_jobs
from toolkit.audit._duplicates import PAIR_COLUMNS, Duplicates
from toolkit.audit._duplicates_differences import differences, quality_order
from toolkit.audit._duplicates_groups import star_groups
from toolkit.audit._duplicates_match import Matches, exact_classes, match, most_similar, reasons
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, Signatures, image_signature, is_signatures
from toolkit.audit._duplicates_stored import StoredSignatures
from toolkit.datasets import as_source

__all__ = ["find_duplicates"]

_SIGNED = 64  # pictures signed in one job


def find_duplicates(
    X: Any,
    *,
    digests: Sequence[Hashable] | None = None,
    ids: Sequence | None = None,
    n_bytes: Sequence[int] | None = None,
    against: Any = None,
    against_digests: Sequence[Hashable] | None = None,
    against_ids: Sequence | None = None,
    near: bool = True,
    symmetries: bool = True,
    n_jobs: int | None = 1,
    verbose: bool = False,
) -> Duplicates:
    """Find pictures that are one and the same: equal, changed, turned or mirrored.

    Parameters
    ----------
    X : ndarray of shape (n, SIGNATURE_LENGTH), StoredSignatures, list of ndarray, ImageSource or array-like
        Signatures (:func:`image_signature`), in memory or in files, or pictures of any sizes, or whatever holds images;
        what holds them at their own sizes is read at these. A signature of NaN stands for a picture that could not be
        read.
    digests : sequence of n values, optional
        Digests of the files: equal ones are exact duplicates, whatever their pixels. None is known of a file.
    ids : sequence of n values, optional
        What each picture is called; by default what its source calls it, else its position.
    n_bytes : sequence of n ints, optional
        Sizes of the files: of pictures that are as good as each other the largest file is kept.
    against : as X, optional
        Another set: pictures of X that are in it, too, are looked for (a test set in a training set), none within X.
    against_digests, against_ids : sequence, optional
        Of ``against``.
    near : bool, default=True
        Look for changed copies; False: for exact ones only.
    symmetries : bool, default=True
        Look under the eight symmetries of the square; False: upright only.
    n_jobs : int or None, default=1
        As in joblib. The answer does not depend on it.
    verbose : bool, default=False
        Show progress.

    Returns
    -------
    Duplicates

    Raises
    ------
    ValueError
        Something has another length than X, or is neither pictures nor signatures.

    Notes
    -----
    Candidates are the pictures most similar under any symmetry, at 16 x 16 and equal local contrast; each pair is then
    brought into line and compared window by window. How alike they must be is learnt from the pairs of the set itself
    that are nearly that alike: where different pictures are alike by nature, more is asked for, or nothing but exact
    copies is named, and ``note`` says so. Up to 20,000 pictures are compared with all others. Larger sets are searched
    in lists of pictures that are alike, and of candidates those are compared that can matter: the strongest of each
    picture, and all of those that may have a copy.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import find_duplicates
    >>> from toolkit.datasets import load_image_folder
    >>> crops = load_image_folder().images
    >>> turned = np.rot90(crops[4]) // 8 * 7
    >>> found = find_duplicates([*crops[:40], turned, crops[7]])
    >>> for pair in found.pairs.itertuples():
    ...     print(pair.id_b, "is", pair.id_a, pair.relation, pair.symmetry, pair.difference, sep=" | ")
    40 | is | 4 | symmetry | rotate_90 | turned by 90° to the left, darker
    41 | is | 7 | exact | identity | same pixels
    >>> len(found.representatives), found.frame().loc[41, "copy_of"]
    (2, 7)
    """
    check_jobs(n_jobs)
    first, names, given = _signed(X, ids, digests, "X", n_jobs, verbose)
    if n_bytes is not None and len(n_bytes) != len(first):
        raise ValueError(f"n_bytes must have a value for each of {len(first)} pictures, got {len(n_bytes)}.")
    if against is None:
        if against_digests is not None or against_ids is not None:
            raise ValueError("against_digests and against_ids say something of another set: against is missing.")
        return _within(first, names, given, n_bytes, near, symmetries, n_jobs, verbose)
    second, other_names, other_given = _signed(against, against_ids, against_digests, "against", n_jobs, verbose)
    return _between(first, names, given, second, other_names, other_given, near, symmetries, n_jobs, verbose)


def _signed(
    X: Any, ids: Sequence | None, digests: Sequence[Hashable] | None, name: str, n_jobs: int | None, verbose: bool
) -> tuple[Signatures, Sequence, Sequence[Hashable]]:
    """Signatures, names and digests of the files of a set."""
    prefix = "" if name == "X" else f"{name}_"
    known: Sequence = range(len(X)) if isinstance(X, (list, tuple, StoredSignatures)) or is_signatures(X) else ()
    if isinstance(X, StoredSignatures):
        signatures: Signatures = X
    elif is_signatures(X):
        signatures = Signatures(X)
    elif isinstance(X, (list, tuple)):
        signatures = Signatures(_sign([np.asarray(image) for image in X], n_jobs, verbose))
    else:
        source = as_source(X)
        known = source.ids
        signatures = Signatures(_sign_source(source, n_jobs, verbose))
    for label, values in ((f"{prefix}ids", ids), (f"{prefix}digests", digests)):
        if values is not None and len(values) != len(signatures):
            raise ValueError(f"{label} must have a value for each of {len(signatures)} pictures, got {len(values)}.")
    names = known if ids is None else ids
    return signatures, names, [None] * len(signatures) if digests is None else digests


def _sign_many(images: Sequence[NDArray]) -> NDArray[np.float32]:
    return np.array([image_signature(image) for image in images])


def _sign(images: Sequence[NDArray], n_jobs: int | None, verbose: bool) -> NDArray[np.float32]:
    tasks = [{"images": images[part]} for part in iter_chunks(len(images), _SIGNED)]
    parts = run_jobs(_sign_many, tasks, n_jobs=n_jobs, verbose=verbose, desc="reading pictures")
    return np.concatenate(parts) if parts else np.empty((0, SIGNATURE_LENGTH), dtype=np.float32)


def _sign_source(source: Any, n_jobs: int | None, verbose: bool) -> NDArray[np.float32]:
    def original(row: int) -> NDArray:
        image = np.asarray(source.original(row))
        return image.reshape(resolve_image_shape(image.size)) if image.ndim == 1 else image

    parts = []
    for part in iter_chunks(len(source), 16 * _SIGNED):  # bounds the memory of originals
        parts.append(_sign([original(row) for row in range(part.start, part.stop)], n_jobs, verbose))
    return np.concatenate(parts) if parts else _sign([], n_jobs, verbose)


def _within(
    signed: Signatures,
    ids: Sequence,
    files: Sequence[Hashable],
    n_bytes: Sequence[int] | None,
    near: bool,
    symmetries: bool,
    n_jobs: int | None,
    verbose: bool,
) -> Duplicates:
    n, why = len(signed), reasons(signed)
    order = quality_order(signed, n_bytes)
    rank = np.empty(n, dtype=np.intp)
    rank[order] = np.arange(n)
    classes = exact_classes(signed.digests, files)
    copies = np.flatnonzero(classes != np.arange(n))
    rows = np.flatnonzero((classes == np.arange(n)) & (why == "")) if near else np.empty(0, dtype=np.intp)
    matches = match(signed, rows, symmetries=symmetries, n_jobs=n_jobs, verbose=verbose)
    # The first of a pair is the one that looks like the original.
    taken = matches.only_copies().turned(lambda a, b: rank[b] < rank[a])

    def confirm(some: NDArray, others: NDArray) -> NDArray[np.bool_]:
        return most_similar(signed, some, others, symmetries) >= matches.needed[some]

    groups = star_groups(n, taken.pairs.a, taken.pairs.b, confirm)
    # Exact copies belong to the group of the first of them, or are a group of their own.
    alone = classes[copies][groups[classes[copies]] < 0]
    groups[alone] = n + alone
    groups[copies] = groups[classes[copies]]
    # Numbered in the order of their first rows.
    known = np.flatnonzero(groups >= 0)
    _, first, number = np.unique(groups[known], return_index=True, return_inverse=True)
    groups[known] = np.argsort(np.argsort(first))[number]
    best = order[groups[order] >= 0]
    _, first = np.unique(groups[best], return_index=True)
    table = pd.concat(
        [_exact(classes[copies], copies, signed, signed, files, files), _near(signed, signed, taken)],
        ignore_index=True,
    )
    return Duplicates(
        pairs=_named(table, ids, ids),
        groups=groups,
        representatives=best[first],
        ids=ids,
        reasons=why,
        needed=matches.needed,
        detectable=matches.detectable,
    )


def _between(
    signed: Signatures,
    ids: Sequence,
    files: Sequence[Hashable],
    others: Signatures,
    other_ids: Sequence,
    other_files: Sequence[Hashable],
    near: bool,
    symmetries: bool,
    n_jobs: int | None,
    verbose: bool,
) -> Duplicates:
    n, why = len(signed), reasons(signed)
    classes = exact_classes([*others.digests, *signed.digests], [*other_files, *files])
    mine, theirs = classes[len(others) :], classes[: len(others)]
    same = np.flatnonzero(mine < len(others))
    usable = np.flatnonzero((why == "") & (mine >= len(others)))
    other_rows = np.flatnonzero((reasons(others) == "") & (theirs == np.arange(len(others))))
    if not near:
        usable = usable[:0]
    matches = match(signed, usable, others, other_rows, symmetries=symmetries, n_jobs=n_jobs, verbose=verbose)
    taken = matches.only_copies()
    table = pd.concat(
        [_exact(same, mine[same], signed, others, files, other_files), _near(signed, others, taken)],
        ignore_index=True,
    )
    # Rows found in the same picture of the other set have one number.
    best = table.sort_values("similarity", ascending=False, kind="stable").drop_duplicates("row_a").sort_values("row_a")
    groups = np.full(n, -1, dtype=np.intp)
    groups[best["row_a"].to_numpy(dtype=np.intp)] = pd.factorize(best["row_b"])[0]
    return Duplicates(
        pairs=_named(table, ids, other_ids),
        groups=groups,
        representatives=np.empty(0, dtype=np.intp),
        ids=ids,
        reasons=why,
        needed=matches.needed,
        detectable=matches.detectable,
        across=True,
    )


def _exact(
    a: NDArray, b: NDArray, first: Signatures, second: Signatures, files: Sequence, other_files: Sequence
) -> pd.DataFrame:
    """Pairs of exact copies."""
    same_file = [files[i] is not None and files[i] == other_files[j] for i, j in zip(a, b)]
    return pd.DataFrame(
        {
            "relation": "exact",
            "symmetry": DIHEDRAL[0],
            "difference": np.where(same_file, "same file", "same pixels"),
            "similarity": 1.0,
            "row_a": a,
            "row_b": b,
        }
    )


def _near(first: Signatures, second: Signatures, found: Matches) -> pd.DataFrame:
    """Pairs of changed copies."""
    a, b, symmetry, _ = found.pairs
    names = np.array(DIHEDRAL, dtype=object)[symmetry]
    return pd.DataFrame(
        {
            "relation": np.where(symmetry == 0, "near", "symmetry"),
            "symmetry": names,
            "difference": differences(first, a, second, b, names, found.agreement),
            "similarity": found.similarity,
            "row_a": a,
            "row_b": b,
        }
    )


def _named(table: pd.DataFrame, ids: Sequence, other_ids: Sequence) -> pd.DataFrame:
    """With the names of both, in the order of rows."""
    table = table.sort_values(["row_a", "row_b"], kind="stable", ignore_index=True)
    table = table.astype({"row_a": np.intp, "row_b": np.intp, "similarity": float})
    table["id_a"] = pd.Series([ids[row] for row in table["row_a"]], dtype=object)
    table["id_b"] = pd.Series([other_ids[row] for row in table["row_b"]], dtype=object)
    return table[list(PAIR_COLUMNS)]
