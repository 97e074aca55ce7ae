"""Values are asked before numpy makes numbers of them, at every door that takes images; the error says what came."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from toolkit._core.given import as_given_numbers
from toolkit._core.images import as_stack
from toolkit.audit import Auditor
from toolkit.comparison import compare_detectors, compare_restorers, handwriting_spread
from toolkit.corruption import Corruptor, apply_corruption, apply_generic, planted_outliers
from toolkit.datasets import ArraySource, ImageSet, as_source, load_npz, pad_strings, render_queries, save_npz
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier
from toolkit.generators import GAN
from toolkit.restoration import ImageRestorer, psnr, restore_images, ssim
from toolkit.studies import run_audit

IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8)).astype(np.uint8)
ROWS = IMAGES.reshape(12, -1)


def among(value):
    """The images as Python objects, one of them something else."""
    found = IMAGES.astype(object)
    found[0, 0, 3] = value
    return found


def as_list(value):
    found = IMAGES.tolist()
    found[0][0][3] = value
    return found


def masked(n):
    return np.ma.MaskedArray(IMAGES, mask=(np.arange(IMAGES.size) < n).reshape(IMAGES.shape))


WRONG = {
    "str": (among("7"), "got '7' among them: a str"),
    "bytes": (among(b"7"), "a bytes"),
    "complex": (among(1j), "a complex"),
    "numpy str": (among(np.str_("7")), "a str_"),
    "numpy complex": (among(np.complex64(1j)), "a complex64"),
    "date": (among(datetime.date(2020, 1, 1)), "a date"),
    "timestamp": (among(pd.Timestamp("2020")), "a Timestamp"),
    "NA": (among(pd.NA), "no missing values, got <NA>"),
    "NaT": (among(pd.NaT), "NaT"),
    "huge": (among(10**400), "of 1329 bits, which is too large"),
    "list of str": (as_list("7"), "numbers, got dtype <U"),
    "list of huge": (as_list(-(10**400)), "too large"),
    "list of NA": (as_list(pd.NA), "no missing values"),
    "ragged": ([image[: 4 + place % 2] for place, image in enumerate(IMAGES)], "images of one size"),
    "strings": (IMAGES.astype(str), "numbers, got dtype <U3"),
    "all bytes": (IMAGES.astype("S3"), "numbers, got dtype"),
    "dates": (IMAGES.astype("datetime64[s]"), "numbers, got dtype datetime64"),
    "durations": (IMAGES.astype("timedelta64[s]"), "numbers, got dtype timedelta64"),
    "fields": (np.zeros((12, 8, 8), dtype=[("r", "u1"), ("g", "u1")]), "numbers, got dtype"),
    "masked": (masked(3), "3 masked values: replace them first"),
}
FRAMES = {
    "strings": (pd.DataFrame(ROWS).astype(str), "column 0"),
    "one string": (pd.DataFrame(ROWS).astype({5: "string"}), "column 5"),
    "category": (pd.DataFrame(ROWS).astype({6: str}).astype({6: "category"}), "column 6"),
    "dates": (pd.DataFrame(ROWS).assign(a=pd.Timestamp("2020")), "column 'a'"),
    "zones": (pd.DataFrame(ROWS).assign(a=pd.Timestamp("2020", tz="UTC")), "column 'a'"),
    "objects": (pd.DataFrame(ROWS).astype(object).assign(b="7"), "column 'b'"),
}
DOORS = {
    "diagnostics": lambda X: CorruptionDiagnostics().fit(X),
    "identifier": lambda X: CorruptionIdentifier().fit(X),
    "detector": lambda X: OutlierDetector("knn").fit(X),
    "restorer": lambda X: ImageRestorer().fit(X),
    "auditor": lambda X: Auditor().fit(X),
    "gan": lambda X: GAN(max_steps=1).fit(X),
    "corruptor": lambda X: Corruptor(["invert"]).corrupt(X),
    "restore_images": lambda X: restore_images(X, "uninvert"),
    "psnr": lambda X: psnr(IMAGES, X),
    "ssim": lambda X: ssim(X, IMAGES),
    "compare_detectors": lambda X: compare_detectors(
        detectors=["knn"], data={"set": (X, np.arange(12) < 2)}, seeds=[0]
    ),
    "compare_restorers": lambda X: compare_restorers(restorers=["uninvert"], data={"set": (X, IMAGES)}, seeds=[0]),
}
# These take stacks alone.
STACKS = {
    "apply": lambda X: apply_corruption(X, "invert", generator=np.random.default_rng(0)),
    "generic": lambda X: apply_generic(X, "erosion_dilation", np.random.default_rng(0)),
    "planted": lambda X: planted_outliers(X, generator=np.random.default_rng(0)),
    "audit": lambda X: run_audit(X),
}


@pytest.mark.parametrize("door", [*DOORS, *STACKS])
@pytest.mark.parametrize("kind", WRONG)
def test_no_door_makes_numbers_of_something_else(door, kind):
    value, words = WRONG[kind]
    with pytest.raises(ValueError, match=words):
        (DOORS | STACKS)[door](value)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", FRAMES)
def test_frames_of_something_else(door, kind):
    value, words = FRAMES[kind]
    with pytest.raises(ValueError, match=words):
        DOORS[door](value)


@pytest.mark.parametrize(
    "value",
    [
        IMAGES,
        IMAGES.tolist(),
        ROWS.tolist(),
        IMAGES.astype(object),
        IMAGES > 100,
        among(True),
        among(2**70),
        among(np.float32(3)),
        masked(0),
        torch.from_numpy(IMAGES),
        pd.DataFrame(ROWS),
        pd.DataFrame(ROWS).astype("Int64"),
        pd.DataFrame(ROWS).astype({3: "category"}),
        pd.DataFrame(ROWS).astype(object),
        IMAGES.astype(np.longdouble),
    ],
)
def test_numbers_are_what_they_were(value):
    stack = as_stack(value)
    expected = np.array(value.tolist() if hasattr(value, "tolist") else getattr(value, "values", value), dtype=float)
    np.testing.assert_array_equal(stack.astype(float), expected.reshape(12, 8, 8))
    assert type(stack) is np.ndarray


def test_nan_and_what_is_no_array_are_left_to_the_checks_that_follow():
    for value in (among(None), among(float("nan")), as_list(None)):
        with pytest.raises(ValueError, match="NaN"):
            as_stack(value)
    assert sparse.issparse(as_given_numbers(sparse.csr_matrix(ROWS)))
    with pytest.raises(ValueError, match="Complex data not supported"):
        as_stack(IMAGES.astype(complex))
    for wrong in (IMAGES.astype(complex), np.where(IMAGES > 250, np.nan, IMAGES), np.where(IMAGES > 250, np.inf, 0)):
        with pytest.raises(ValueError, match="stack must"):
            apply_corruption(wrong, "invert", generator=np.random.default_rng(0))
    for severity in ("0.5", [None] * 12, np.nan, ["0.1"] * 12, 1j):
        with pytest.raises(ValueError, match="severity must"):
            apply_corruption(IMAGES / 255, "rotate", generator=np.random.default_rng(0), severity=severity)


@pytest.mark.parametrize(
    "labels",
    [
        ["a", 1, *"bcdefghijk"],
        ["a", None, *"bcdefghijk"],
        [1.0, float("nan"), *range(10)],
        np.array(["a", None, *"bcdefghijk"], dtype=object),
        pd.Series(["a", pd.NA, *"bcdefghijk"], dtype="string"),
        np.ma.MaskedArray(np.arange(12), mask=np.arange(12) == 1),
        [1 + 2j] * 12,
        [np.datetime64("2020")] * 12,
    ],
    ids=repr,
)
def test_labels_of_sets_are_asked_as_well(labels, tmp_path):
    with pytest.raises(ValueError, match=r"a\.npz: labels must (hold|have)"):
        save_npz(tmp_path / "a.npz", IMAGES, labels)
    assert not (tmp_path / "a.npz").exists()
    if isinstance(labels, list):
        with pytest.raises(ValueError, match="labels must hold"):
            ImageSet(IMAGES, labels)


def test_sets_of_lists(tmp_path):
    some = ImageSet(IMAGES.tolist(), list("abcdefghijkl"), ["clean"] * 12)
    assert some.subset([1, 0]).labels.tolist() == ["b", "a"]
    assert some.image_shape == (8, 8)
    assert len(as_source(IMAGES.tolist())) == 12
    assert isinstance(as_source(IMAGES), ArraySource)
    save_npz(tmp_path / "a.npz", IMAGES, np.array(list("abcdefghijkl"), dtype=np.dtypes.StringDType()))
    assert load_npz(tmp_path / "a.npz").labels.tolist() == list("abcdefghijkl")
    for value, words in (WRONG["masked"], WRONG["ragged"], WRONG["list of str"]):
        for door in (as_source, lambda X: save_npz(tmp_path / "b.npz", X)):
            with pytest.raises(ValueError, match=words):
                door(value)


def test_words_that_are_none():
    for door in (render_queries, lambda words: pad_strings(words, 5)):
        for words in (["1+1", None], ["1+1", 2], [float("nan"), 1.0]):
            with pytest.raises(ValueError, match="must hold"):
                door(words)
    assert render_queries("1+1", random_state=0).shape == render_queries(["1+1"], random_state=0).shape
    letters = list("abcabcabcabc")
    with pytest.raises(ValueError, match="pictures must be numbers"):
        handwriting_spread(among("7"), letters, IMAGES, letters)
    with pytest.raises(ValueError, match="masked values"):
        handwriting_spread(IMAGES, letters, masked(2), letters)
