"""Duplicates over all parts: from hashes that each part wrote, joined once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.studies.partitioned._part import HASHES, PARTS, part_name, read_table

__all__ = ["find_duplicates_in_parts"]

_MOST_CANDIDATES, _BACKGROUND = 300, 300
_NEIGHBOURS, _MOST_BITS = 4, 3
COLUMNS = ["row_a", "row_b", "relation", "difference"]


def find_duplicates_in_parts(
    out: Path, numbers: list[int], source: Any, table_format: str, seed: int, *, near: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Pairs of images that are one and the same, in whatever parts they lie.

    Equal pixels are found by a digest of 128 bits. Changed copies are looked for among images whose difference hashes
    differ in at most three of 64 bits and lie side by side when sorted from four places of the hash on; up to 300 of
    these, the most alike first, are read again and compared as :func:`toolkit.audit.find_duplicates` does, beside 300
    others of the set, from which it learns how alike different images are here. 32 bytes an image are held.

    Returns
    -------
    pairs : DataFrame
        ``row_a``, ``row_b``, ``relation``, ``difference``.
    counts : dict of str to int
        ``exact`` copies beyond the first, ``near`` pairs confirmed, ``candidates`` and how many were ``compared``.
    """
    rows, hashes = [], []
    for number in numbers:
        path = out / HASHES / part_name(number, ".npy")
        if path.exists():
            hashes.append(np.load(path, allow_pickle=False))
            rows.append(read_table(out / PARTS / part_name(number, f".{table_format}"), ["row"])["row"].to_numpy())
    counts = {"exact": 0, "near": 0, "candidates": 0, "compared": 0}
    if not rows:
        return pd.DataFrame(columns=COLUMNS), counts
    rows, hashes = np.concatenate(rows), np.concatenate(hashes)
    first = _first_of_each(hashes[:, :2])
    copies = np.flatnonzero(first != np.arange(len(rows)))
    counts["exact"] = len(copies)
    pairs = [pd.DataFrame({"row_a": rows[first[copies]], "row_b": rows[copies], "relation": "exact"})]
    if near:
        single = np.flatnonzero(first == np.arange(len(rows)))
        candidates = similar_hashes(hashes[single, 2])
        counts["candidates"] = len(candidates)
        found, counts["compared"] = _confirmed(rows[single], candidates, source, seed)
        counts["near"] = len(found)
        pairs.append(found)
    table = pd.concat(pairs, ignore_index=True).reindex(columns=COLUMNS)
    table["difference"] = table["difference"].fillna("same pixels")
    return table, counts


def _first_of_each(digests: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The place of the first row with the same digest, for each row."""
    order = np.lexsort((np.arange(len(digests)), digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), dtype=np.intp)
    first[order] = order[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return first


def similar_hashes(looks: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Pairs of places whose hashes differ in at most three bits, (n, 2), the most alike first.

    Of four bands of 16 bits at least one is equal then; sorted with that band in front, the two lie near each other.

    Examples
    --------
    >>> similar_hashes(np.array([5, 2**40, 7, 2**63], dtype=np.uint64)).tolist()
    [[0, 2], [1, 3], [0, 1], [0, 3]]
    """
    found = [np.empty((0, 3), dtype=np.intp)]
    for shift in (0, 16, 32, 48):
        turned = looks if shift == 0 else (looks << np.uint64(shift)) | (looks >> np.uint64(64 - shift))
        order = np.argsort(turned, kind="stable")
        for step in range(1, min(_NEIGHBOURS, len(order) - 1) + 1):
            a, b = order[:-step], order[step:]
            bits = np.unpackbits((looks[a] ^ looks[b]).view(np.uint8).reshape(-1, 8), axis=1).sum(axis=1, dtype=np.intp)
            near = bits <= _MOST_BITS
            a, b = a[near], b[near]
            found.append(np.stack([bits[near], np.minimum(a, b), np.maximum(a, b)], axis=1))
    return np.unique(np.concatenate(found), axis=0)[:, 1:]


def _confirmed(rows, candidates, source, seed):
    from toolkit.audit import find_duplicates

    empty = pd.DataFrame(columns=COLUMNS)
    places = {}
    for a, b in candidates:
        if len(places) >= _MOST_CANDIDATES:
            break
        places[int(a)] = places[int(b)] = None
    if not places:
        return empty, 0
    chosen = np.fromiter(places, dtype=np.intp)
    others = np.setdiff1d(np.arange(len(rows)), chosen) if len(rows) <= 10**6 else np.arange(0, len(rows), 997)
    generator = np.random.default_rng([seed, 2])
    background = generator.choice(others, min(_BACKGROUND, len(others)), replace=False)
    wanted = np.sort(rows[np.union1d(chosen, background)])
    images = source.take(wanted)
    if len(images) != len(wanted):  # a file changed since: nothing is claimed of it
        return empty, 0
    looked_at = set(rows[chosen].tolist())
    pairs = find_duplicates(list(images), ids=wanted.tolist()).pairs
    pairs = pairs[pairs["id_a"].isin(looked_at) & pairs["id_b"].isin(looked_at)]
    named = pairs[["id_a", "id_b", "relation", "difference"]].rename(columns={"id_a": "row_a", "id_b": "row_b"})
    return named.reindex(columns=COLUMNS).reset_index(drop=True), len(looked_at)
