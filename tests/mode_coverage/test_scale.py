"""Samples on another scale than the data are refused; those of its dtype are judged, however dark."""

import numpy as np
import pytest

from toolkit._core.pixel_scale import PixelScale
from toolkit._core.value_scale import bring_to_scale, check_same_scale
from toolkit.coverage import ModeCoverage, coverage_scorer
from toolkit.datasets import load_digits, load_ring
from toolkit.studies import run_coverage, write_coverage

DIGITS = np.random.default_rng(0).permutation(load_digits().images[:, ::2, ::2])
DATA, GOOD = DIGITS[:600], DIGITS[600:900]

FORMS = {
    "bool": lambda x: x > 127,
    "int 0/1": lambda x: (x > 127).astype(int),
    "uint8": lambda x: x,
    "uint16": lambda x: x.astype(np.uint16) * 257,
    "12 bits": lambda x: x.astype(np.uint16) * 16,
    "unit": lambda x: x / 255.0,
    "unit32": lambda x: (x / 255.0).astype(np.float32),
    "signed": lambda x: x / 127.5 - 1.0,
    "bytes": lambda x: x.astype(np.float32),
    "int64": lambda x: x.astype(np.int64),
}
SAME = [
    {"bool", "int 0/1", "unit", "unit32"},
    {"uint8", "bytes", "int64"},
    {"uint16"},
    {"12 bits"},
    {"signed"},
]


def kin(name):
    return next(names for names in SAME if name in names)


@pytest.fixture(scope="module")
def fitted():
    return {
        name: ModeCoverage(n_draws=20, n_splits=2, n_bins=30, random_state=0).fit(form(DATA))
        for name, form in FORMS.items()
    }


@pytest.mark.parametrize("data", FORMS)
@pytest.mark.parametrize("samples", FORMS)
def test_every_pair_of_forms(fitted, data, samples):
    given = FORMS[samples](GOOD)
    # uint8 of 0 and 1 would be black; booleans are 0 to 1.
    if samples in kin(data):
        fitted[data].score(given)
    elif given.dtype == FORMS[data](DATA).dtype and given.dtype.kind in "uib":
        fitted[data].score(given)  # the dtype that was fitted is never a mismatch
    else:
        with pytest.raises(ValueError, match="on another scale than the"):
            fitted[data].score(given)


@pytest.mark.parametrize("overshoot", [0.98, 1.02, 1.1])
def test_what_a_network_overshoots_changes_nothing(fitted, overshoot):
    with pytest.raises(ValueError, match=r"samples are floats from 0 to .*, on another scale than the uint8 images"):
        fitted["uint8"].evaluate(GOOD / 255.0 * overshoot)
    fitted["unit"].evaluate(GOOD / 255.0 * overshoot)
    fitted["bytes"].evaluate(GOOD * overshoot)
    with pytest.raises(ValueError, match="on another scale than the float64 images of 0 to 1"):
        fitted["unit"].evaluate((GOOD / 127.5 - 1.0) * overshoot)


@pytest.mark.parametrize(
    ("data", "samples"),
    [
        ("uint8", np.zeros((50, 14, 14), np.uint8)),
        ("uint8", np.ones((50, 14, 14), np.uint8)),
        ("uint16", np.full((50, 14, 14), 3, np.uint16)),
        ("bool", np.zeros((50, 14, 14), bool)),
        ("unit", np.zeros((50, 14, 14))),
        ("unit", np.full((50, 14, 14), 0.01)),
        ("bytes", np.zeros((50, 14, 14), np.float32)),
        ("bytes", np.zeros((50, 14, 14), np.uint8)),
        ("signed", np.full((50, 14, 14), -1.0)),
        ("signed", np.zeros((50, 14, 14))),
        ("unit", np.random.default_rng(0).normal(size=(50, 14, 14))),
        ("uint8", np.random.default_rng(0).normal(128, 60, size=(50, 14, 14))),
    ],
)
def test_bad_samples_on_the_right_scale_are_judged(fitted, data, samples):
    assert fitted[data].evaluate(samples).flagged


def test_both_doors_check(fitted):
    class Generator:
        def sample(self, n_samples=1):
            return GOOD[:n_samples] / 255.0

    with pytest.raises(ValueError, match="on another scale"):
        coverage_scorer(fitted["uint8"], n_samples=50)(Generator())
    with pytest.raises(ValueError, match="on another scale"):
        fitted["uint8"].view(GOOD / 255.0)
    for method in (fitted["uint8"].transform, fitted["uint8"].predict):
        with pytest.raises(ValueError, match="X are floats from 0 to 1, on another scale"):
            method(GOOD / 255.0)


def test_points_may_lie_anywhere():
    points = load_ring(500, random_state=0).points
    fitted = ModeCoverage(n_draws=20, n_splits=2, random_state=0).fit(points)
    for samples in (np.abs(points), 0.5 * points, 100.0 * points, np.abs(points) % 1.0):
        assert fitted.evaluate(samples).flagged


@pytest.mark.parametrize("real", ["uint8", "unit", "signed", "bytes"])
@pytest.mark.parametrize("samples", ["uint8", "unit", "unit32", "signed", "bytes"])
def test_a_study_brings_samples_to_the_scale_and_says_so(real, samples):
    """The pictures are the same: moved to the scale of the real ones they are equal to within a grey level."""
    given, data = FORMS[samples](GOOD), FORMS[real](DATA)
    moved, guess = bring_to_scale(given, PixelScale.learn(data), data.dtype.name)
    span = 255.0 if real in ("uint8", "bytes") else 2.0 if real == "signed" else 1.0
    np.testing.assert_allclose(moved.astype(float), FORMS[real](GOOD).astype(float), atol=span / 255.0)
    assert bool(guess) == (samples not in kin(real))
    if guess:
        assert "taken as" in guess
        assert "brought to" in guess


@pytest.mark.parametrize("form", ["bool", "int 0/1", "uint16"])
def test_further_guesses(form):
    moved, guess = bring_to_scale(FORMS[form](GOOD), PixelScale(0.0, 255.0), "uint8")
    expected = GOOD if form == "uint16" else 255 * (GOOD > 127)
    np.testing.assert_array_equal(moved, expected)
    assert "brought to 0 to 255" in guess
    # A little below 0 is no sign of -1 to 1.
    moved, guess = bring_to_scale(GOOD / 255.0 - 0.02, PixelScale(0.0, 255.0), "uint8")
    assert "taken as 0 to 1" in guess
    assert np.abs(moved.astype(int) - GOOD).max() <= 6


def test_a_guess_is_in_the_warning_and_the_report(tmp_path):
    coverage = ModeCoverage(n_draws=20, n_splits=2, n_bins=30, random_state=0)
    with pytest.warns(UserWarning, match="The values of drawn were a guess: floats from 0 to 1, taken as 0 to 1"):
        result = run_coverage(DATA, GOOD / 255.0, coverage=coverage, with_map=False, names=("real", "drawn"))
    assert result.samples.dtype == np.uint8
    text = write_coverage(result, tmp_path / "out").read_text(encoding="utf-8")
    assert "were a guess: floats from 0 to 1" in text
    assert "were a guess" in (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="on another scale"):  # nothing that is usual
        run_coverage(DATA, GOOD / 100.0 - 0.4, coverage=coverage, with_map=False)


def test_messages_name_what_came():
    with pytest.raises(ValueError, match="X are booleans, on another scale than the uint8 images of 0 to 255 that It"):
        check_same_scale("X", GOOD > 9, PixelScale(0.0, 255.0, "uint8"), "It")
    check_same_scale("X", np.empty((0, 4, 4)), PixelScale(0.0, 255.0, "uint8"), "It")
