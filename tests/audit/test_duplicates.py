"""Duplicates: planted by Pillow and NumPy, among different pictures that must not be called copies."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from toolkit.audit import PAIR_COLUMNS, SIGNATURE_LENGTH, find_duplicates, image_signature
from toolkit.datasets import load_digits

PIL_SYMMETRIES = {
    "rotate_90": Image.Transpose.ROTATE_90,
    "rotate_180": Image.Transpose.ROTATE_180,
    "rotate_270": Image.Transpose.ROTATE_270,
    "flip_horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip_vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "transpose": Image.Transpose.TRANSPOSE,
    "anti_transpose": Image.Transpose.TRANSVERSE,
}


def photo(seed, shape=(150, 200)):
    """A picture with structure at every scale, as photographs have (power falls with frequency), in colour."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None])
    frequency[0, 0] = 1
    bands = []
    for _ in range(3):
        phase = np.exp(2j * np.pi * rng.uniform(size=shape))
        band = np.fft.ifft2(phase / frequency**1.3).real
        bands.append(120 + 45 * band / band.std())
    bands[1] = 0.7 * bands[0] + 0.3 * bands[1]
    bands[2] = 0.7 * bands[0] + 0.3 * bands[2]
    return np.clip(np.stack(bands, axis=-1), 0, 255).astype(np.uint8)


def as_jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def resized(image, factor):
    picture = Image.fromarray(image)
    return np.asarray(picture.resize([round(side * factor) for side in picture.size], Image.Resampling.LANCZOS))


def noisy(image, sigma=10):
    values = image + np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


CHANGES = {
    "jpeg": lambda image: as_jpeg(image, 50),
    "half": lambda image: resized(image, 0.5),
    "double": lambda image: resized(image, 2),
    "crop": lambda image: image[7:-7, 10:],
    "brighter": lambda image: np.clip(image * 1.25, 0, 255).astype(np.uint8),
    "darker": lambda image: (image * 0.75).astype(np.uint8),
    "noise": noisy,
    "grey": lambda image: np.asarray(Image.fromarray(image).convert("L")),
    "all": lambda image: noisy(as_jpeg(resized(image[5:, :-8], 0.7), 60), 8),
}


@pytest.fixture(scope="module")
def photos():
    return [photo(seed) for seed in range(40)]


@pytest.fixture(scope="module")
def signatures(photos):
    return np.array([image_signature(image) for image in photos])


def with_copies(signatures, copies):
    return np.concatenate([signatures, [image_signature(copy) for copy in copies]])


def test_different_pictures_are_no_duplicates(signatures):
    found = find_duplicates(signatures)
    assert len(found.pairs) == 0
    assert list(found.pairs.columns) == list(PAIR_COLUMNS)
    assert found.measurable
    assert not found.note


@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found(photos, signatures, change):
    found = find_duplicates(with_copies(signatures, [CHANGES[change](photos[3]), CHANGES[change](photos[20])]))
    assert [{a, b} for a, b in found.pairs[["row_a", "row_b"]].to_numpy()] == [{3, 40}, {20, 41}]
    assert set(found.pairs["relation"]) == {"near"}
    assert found.groups[3] == found.groups[40] != found.groups[20]


@pytest.mark.parametrize("name", PIL_SYMMETRIES)
def test_turned_and_damaged_copies_are_found_and_named(photos, signatures, name):
    """Pillow's names of the symmetries, and both directions: from the original, and from the smaller copy."""
    turned = np.asarray(Image.fromarray(photos[5]).transpose(PIL_SYMMETRIES[name]))
    found = find_duplicates(with_copies(signatures, [noisy(resized(turned[4:, 6:], 0.6), 6)]))
    pair = found.pairs.iloc[0]
    assert len(found.pairs) == 1
    assert (pair.row_a, pair.row_b, pair.relation, pair.symmetry) == (5, 40, "symmetry", name)
    for word in ("smaller", "cropped"):
        assert word in pair.difference
    # The copy first: the original is still named first, and the symmetry is the same.
    back = find_duplicates(np.concatenate([[image_signature(noisy(resized(turned[4:, 6:], 0.6), 6))], signatures]))
    assert back.pairs[["row_a", "row_b", "symmetry"]].to_numpy().tolist() == [[6, 0, name]]
    for word in ("smaller", "cropped"):
        assert word in back.pairs["difference"][0]
    assert not find_duplicates(with_copies(signatures, [turned]), symmetries=False).pairs.size


@pytest.mark.parametrize(
    ("change", "word"),
    [("half", "smaller"), ("double", "larger"), ("brighter", "brighter"), ("darker", "darker"), ("noise", "noisier")]
    + [("crop", "cropped"), ("grey", "grey"), ("jpeg", "recompressed")],
)
def test_the_difference_is_named(photos, signatures, change, word):
    second = find_duplicates([photos[3]], against=[CHANGES[change](photos[3])])
    assert word in second.pairs["difference"][0].split(", ")
    assert find_duplicates([photos[3]], against=[photos[3]]).pairs["difference"][0] == "same pixels"


def test_exact_copies_by_pixels_and_by_file(photos):
    opaque = np.dstack([photos[1], np.full(photos[1].shape[:2], 255, np.uint8)])
    images = [photos[0], photos[1], photos[0].copy(), opaque, photos[2]]
    found = find_duplicates(images, digests=["f", "g", "h", None, "g"], ids=["a", "b", "c", "d", "e"], near=False)
    table = found.pairs[["id_a", "id_b", "relation", "difference"]].to_numpy().tolist()
    assert table == [
        ["a", "c", "exact", "same pixels"],
        ["b", "d", "exact", "same pixels"],
        ["b", "e", "exact", "same file"],
    ]
    assert found.groups.tolist() == [0, 1, 0, 1, 1]
    frame = found.frame()
    assert frame["keep"].tolist() == [True, True, False, False, False]
    assert frame["copy_of"].tolist() == [None, None, "a", "b", "b"]


def test_the_best_copy_is_kept(photos):
    small, rough = resized(photos[0], 0.5), as_jpeg(photos[0], 50)
    found = find_duplicates([small, rough, photos[0], noisy(photos[0])])
    assert found.groups.tolist() == [0, 0, 0, 0]
    assert found.representatives.tolist() == [2]
    # Of files that are equally good the largest.
    assert find_duplicates([photos[1]] * 3, n_bytes=[10, 30, 20]).representatives.tolist() == [1]


def test_many_copies_are_one_group(photos, signatures):
    rng = np.random.default_rng(1)
    copies = [noisy(np.rot90(photos[9], k % 4), 2 + k % 8) for k in range(24)]
    found = find_duplicates(with_copies(signatures, [copies[k] for k in rng.permutation(24)]))
    members = np.flatnonzero(found.groups >= 0)
    assert members.tolist() == [9, *range(40, 64)]
    assert set(found.groups[members]) == {0}


def test_a_leak_between_two_sets(photos, signatures):
    test = [noisy(np.flipud(photos[7])), photo(1000), photos[12]]
    found = find_duplicates(test, against=signatures, against_ids=[f"train/{row}" for row in range(40)])
    assert found.pairs[["row_a", "id_b", "relation", "symmetry"]].to_numpy().tolist() == [
        [0, "train/7", "symmetry", "flip_vertical"],
        [2, "train/12", "exact", "identity"],
    ]
    assert found.across
    assert found.groups.tolist() == [0, -1, 1]
    assert found.frame()["copy_of"].tolist() == ["train/7", None, "train/12"]
    with pytest.raises(ValueError, match="between two"):
        found.conflicts([0, 1, 2])


def test_one_picture_labelled_twice(photos, signatures):
    found = find_duplicates(with_copies(signatures, [noisy(photos[4]), noisy(photos[6])]))
    labels = ["cat"] * 41 + ["dog"]
    conflicts = found.conflicts(labels)
    assert conflicts[["row_a", "row_b", "label_a", "label_b"]].to_numpy().tolist() == [[6, 41, "cat", "dog"]]
    with pytest.raises(ValueError, match="a value for each of 42 images, got 2"):
        found.conflicts([1, 2])


def test_what_is_alike_by_nature_is_not_called_a_copy():
    """Digits of one class are as alike as copies: none is named, and it is said that they can hardly be told."""
    images = load_digits().images[:700]
    found = find_duplicates([*images, images[3]])
    assert found.pairs[["row_a", "row_b", "relation"]].to_numpy().tolist() == [[3, 700, "exact"]]
    assert not found.measurable
    assert "hardly" in found.note
    assert len(find_duplicates(images[:15]).pairs) == 0


def test_blank_pages_and_panned_views(photos):
    rng = np.random.default_rng(0)
    blank = [np.clip(rng.normal(250, 2, (200, 150)), 0, 255).astype(np.uint8) for _ in range(6)]
    flat = [np.full((60, 60), value, np.uint8) for value in (0, 10, 255)]
    found = find_duplicates([*blank, *flat])
    assert len(found.pairs) == 0
    assert all("too little structure" in reason for reason in found.reasons[6:])
    wide = photo(77, (220, 300))
    panned = find_duplicates([wide[:, :240], wide[:, 20:260], *photos])
    assert len(panned.pairs) == 0


def test_sixteen_bits_floats_and_tiny_pictures():
    rng = np.random.default_rng(3)
    deep = [ndimage.gaussian_filter(rng.uniform(size=(80, 80)), 3) for _ in range(12)]
    deep = [((image - image.min()) / np.ptp(image) * 900).astype(np.uint16) for image in deep]  # 900 of 65535: dark
    found = find_duplicates([*deep, deep[2][::-1].copy(), deep[5].astype(float)])
    assert found.pairs[["row_a", "row_b"]].to_numpy().tolist() == [[2, 12], [5, 13]]
    tiny = rng.integers(0, 256, (30, 8, 8)).astype(np.uint8)
    assert len(find_duplicates(tiny).pairs) == 0
    assert find_duplicates([*tiny, np.rot90(tiny[4])]).pairs["symmetry"].tolist() == ["rotate_90"]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_sets_of_hardly_any_pictures(photos, n):
    found = find_duplicates(photos[:n])
    assert len(found) == len(found.frame()) == n
    assert len(found.pairs) == 0


def test_a_picture_that_could_not_be_read_keeps_its_row(signatures):
    given = signatures.copy()
    given[4] = np.nan
    given[8] = given[2]
    found = find_duplicates(given)
    assert found.pairs[["row_a", "row_b"]].to_numpy().tolist() == [[2, 8]]
    assert "could not be read" in found.reasons[4]
    assert len(find_duplicates(given, against=signatures[[4]]).pairs) == 0


def test_jobs_and_order_change_nothing(photos, signatures):
    given = with_copies(signatures, [noisy(photos[4]), np.rot90(photos[6])])
    found = find_duplicates(given)
    pd.testing.assert_frame_equal(found.pairs, find_duplicates(given, n_jobs=2).pairs)
    order = np.random.default_rng(0).permutation(len(given))
    other = find_duplicates(given[order], ids=order)
    assert {(a, b) for a, b in zip(other.pairs.id_a, other.pairs.id_b)} == set(zip(found.pairs.id_a, found.pairs.id_b))


def test_beyond_the_exact_search(photos, signatures, monkeypatch):
    import toolkit.audit._duplicates_search as search

    given = with_copies(signatures, [noisy(photos[4]), noisy(np.rot90(photos[6]))])
    exact = find_duplicates(given).pairs
    monkeypatch.setattr(search, "_EXACT_UP_TO", 10)
    columns = ["row_a", "row_b", "symmetry", "relation"]
    assert find_duplicates(given).pairs[columns].equals(exact[columns])


def test_signature_is_small_finite_and_turns_with_the_picture(photos):
    found = image_signature(photos[0])
    assert found.shape == (SIGNATURE_LENGTH,)
    assert found.nbytes <= 8192
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(5), "must have shape"),
        (np.zeros((4, 4, 7)), "must have shape"),
        (np.zeros((0, 4)), "must have shape"),
        (np.full((4, 4), np.nan), "finite"),
        (np.full((4, 4), "x"), "numbers"),
    ],
)
def test_what_is_no_picture_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        image_signature(image)


def test_lengths_are_checked(photos):
    for name in ("ids", "digests", "n_bytes"):
        with pytest.raises(ValueError, match=f"{name} must have a value for each of 3 pictures, got 2"):
            find_duplicates(photos[:3], **{name: [1, 2]})
    with pytest.raises(ValueError, match="against is missing"):
        find_duplicates(photos[:3], against_ids=[1])
