"""Duplicates in large sets: signatures in files, and the search in lists, beside brute force."""

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import StoredSignatures, find_duplicates, image_signature
from toolkit.audit import _duplicates_lists as lists
from toolkit.audit import _duplicates_search as search
from toolkit.audit._duplicates_calibration import calibrate
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, Signatures
from toolkit.datasets import load_image_folder
from toolkit.exceptions import DataFormatError

NAMES = search.DIHEDRAL


@pytest.fixture(scope="module")
def signatures():
    crops = list(load_image_folder().images[:90])
    generator = np.random.default_rng(0)
    noisy = np.clip(crops[4] + generator.normal(0, 6, crops[4].shape), 0, 255).astype(np.uint8)
    copies = [noisy, np.rot90(crops[6]) // 8 * 7, crops[9][2:, 1:], crops[11], np.fliplr(crops[30])]
    return np.array([image_signature(image) for image in [*crops, *copies]])


@pytest.fixture
def stored(signatures, tmp_path):
    paths = []
    for number, part in enumerate(np.split(signatures, [40, 41, 80])):
        paths.append(tmp_path / f"{number}.npy")
        np.save(paths[-1], part)
    return StoredSignatures(paths)


def test_stored_signatures_are_those_in_memory(signatures, stored):
    here = Signatures(signatures)
    assert len(stored) == len(here) == 95
    assert "95 pictures in 4 files" in repr(stored)
    rows = np.random.default_rng(1).integers(0, 95, 50)
    for given in (rows, slice(30, 90), np.array([], dtype=int), rows > 40 if len(rows) == 95 else [0, 94]):
        np.testing.assert_array_equal(stored.at(given).values, signatures[given])
        np.testing.assert_array_equal(stored.grey(given), here.grey(given))
        np.testing.assert_array_equal(stored.chroma(given), here.chroma(given))
    assert stored.digests == here.digests
    np.testing.assert_array_equal(stored.side, here.side)
    assert stored.readable.all()


def test_the_answer_does_not_depend_on_where_signatures_lie(signatures, stored, monkeypatch):
    expected = find_duplicates(signatures)
    assert len(expected.pairs) == 5
    pd.testing.assert_frame_equal(find_duplicates(stored).pairs, expected.pairs)
    pd.testing.assert_frame_equal(find_duplicates(stored).frame(), expected.frame())
    against = find_duplicates(signatures[90:], against=stored)
    pd.testing.assert_frame_equal(against.pairs, find_duplicates(signatures[90:], against=signatures).pairs)
    # As of a large set: searched in lists, the small pictures in a file, and what can matter compared.
    monkeypatch.setattr(search, "_EXACT_UP_TO", 20)
    for given in (signatures, stored):
        found = find_duplicates(given)
        columns = ["row_a", "row_b", "relation", "symmetry", "difference"]
        pd.testing.assert_frame_equal(found.pairs[columns], expected.pairs[columns])
        np.testing.assert_allclose(found.pairs["similarity"], expected.pairs["similarity"], atol=1e-6)


def test_what_was_not_read_has_no_copies(signatures, tmp_path):
    given = signatures[:50].copy()
    given[7] = np.nan
    np.save(tmp_path / "a.npy", given)
    found = find_duplicates(StoredSignatures([tmp_path / "a.npy"]))
    assert "could not be read" in found.reasons[7]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((3, 7), np.float32), r"\(3, 7\)"),
        (np.zeros((3, SIGNATURE_LENGTH)), "float64"),
        (np.zeros((3, SIGNATURE_LENGTH), np.float32), "holds no signatures"),
        (np.zeros((SIGNATURE_LENGTH, 3), np.float32).T, "expected"),
        (np.array([None, 1], dtype=object), "objects|object"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    np.save(tmp_path / "a.npy", content, allow_pickle=True)
    with pytest.raises(DataFormatError, match=message):
        StoredSignatures([tmp_path / "a.npy"])


def test_a_file_that_is_cut_is_refused(signatures, tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, signatures)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(DataFormatError, match=r"a\.npy"):
        StoredSignatures([path])
    path.write_bytes(whole)
    stored = StoredSignatures([path])
    path.write_bytes(whole[:-8])
    with pytest.raises(DataFormatError, match="shorter"):
        stored.grey([94])


def small_pictures(n, seed=0):
    pictures = np.random.default_rng(seed).normal(size=(n, 6, 6)).astype(np.float32)
    pictures[n // 2 :] += 0.2 * pictures[: n - n // 2]  # some are more alike than others
    return pictures / np.linalg.norm(pictures, axis=(1, 2), keepdims=True)


def brute_force(described, database, k, within, floor, upright):
    """The k best of each row, by comparing everything with everything under every symmetry."""
    found = {}
    for row, picture in enumerate(described):
        best = {}
        for number, name in enumerate(NAMES):
            similarity = (search.dihedral(picture[None], name) * database).sum(axis=(1, 2))
            for column, value in enumerate(similarity):
                if (within and column == row) or value < floor:
                    continue
                preferred = value + (upright if number == 0 else 0)
                if column not in best or preferred > best[column][0]:
                    best[column] = (preferred, value, number)
        for column in sorted(best, key=lambda column: -best[column][1])[:k]:
            found[row, column] = best[column][2]
    return found


@pytest.mark.parametrize("within", [True, False])
def test_all_lists_looked_through_give_what_brute_force_gives(monkeypatch, within):
    monkeypatch.setattr(lists, "_LIST", 12)
    monkeypatch.setattr(lists, "_BLOCK", 32)
    described = small_pictures(90)
    database = described if within else small_pictures(70, seed=1)
    options = {"floor": 0.3, "upright": 0.02}
    rows, columns, symmetry, similarity = lists.search_lists(
        described, database, NAMES, 3, within, n_probed=1000, **options
    )
    found = dict(zip(zip(rows.tolist(), columns.tolist()), symmetry.tolist()))
    assert len(found) == len(rows)
    assert found == brute_force(described, database, 3, within, **options)
    turned = np.array([search.dihedral(described[[row]], NAMES[s])[0] for row, s in zip(rows, symmetry)])
    np.testing.assert_allclose((turned * database[columns]).sum(axis=(1, 2)), similarity, atol=1e-5)


def test_copies_are_found_in_a_few_of_many_lists():
    generator = np.random.default_rng(3)
    pictures = generator.normal(size=(1600, 16, 16)).astype(np.float32)
    originals = np.arange(0, 200)
    copies = search.dihedral(pictures[originals], "rotate_90") + generator.normal(0, 0.45, (200, 16, 16))
    pictures[1000 + originals] = copies  # cosine of about .9
    pictures /= np.linalg.norm(pictures, axis=(1, 2), keepdims=True)
    rows, columns, symmetry, _ = lists.search_lists(
        pictures.astype(np.float16), pictures.astype(np.float16), NAMES, 2, True, floor=0.55, upright=0.02
    )
    found = set(zip(rows.tolist(), columns.tolist(), symmetry.tolist()))
    quarter = NAMES.index("rotate_90")
    assert np.mean([(row, row + 1000, quarter) in found for row in originals]) > 0.95


def test_gaps_are_learnt_from_complete_rows_alone():
    """Rows of which the strongest candidates alone are there would show gaps that no chance makes."""
    generator = np.random.default_rng(0)
    n = 200
    similarity = 1 - np.exp(-generator.exponential(0.06, size=(n, 6)).cumsum(axis=1)[:, ::-1])
    a = np.repeat(np.arange(n), 6)
    b = n + np.arange(n * 6)
    least = np.full(n + 6 * n, 1.5)
    complete = np.zeros(len(least), dtype=bool)
    complete[: n // 2] = True
    whole = calibrate(len(least), a, b, similarity.ravel(), least)
    kept = (a < n // 2) | np.isin(np.arange(len(a)) % 6, (0, 1, 5))
    some = calibrate(len(least), a[kept], b[kept], similarity.ravel()[kept], least, complete)
    biased = calibrate(len(least), a[kept], b[kept], similarity.ravel()[kept], least)
    assert abs(some.gap - whole.gap) < 0.15 * whole.gap
    assert abs(biased.gap - whole.gap) > abs(some.gap - whole.gap)
