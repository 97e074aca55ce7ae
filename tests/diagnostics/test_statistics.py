"""The batched statistics against the same ones written image by image with scikit-image and SciPy."""

import importlib.util
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from toolkit.corruption import Corruptor, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionDiagnostics

# The reference loop stands in benchmarks/, where its time is measured.
_PATH = Path(__file__).parents[2] / "benchmarks" / "diagnostics_reference.py"
_SPEC = importlib.util.spec_from_file_location("diagnostics_reference", _PATH)
reference = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(reference)

# Counts of pixels may differ where a pixel lies within rounding of its threshold.
COUNTS = {"impulse_fraction", "ink_relative", "flat_fraction"}
PROJECTIONS = ["projection_cos", "projection_sin", "projection_peak"]


@pytest.fixture(scope="module")
def glyphs():
    images = load_glyphs(300, random_state=7).images
    return Corruptor(fraction=0.7, random_state=0).corrupt(images)[0]


def both(images):
    """Frames of the batched statistics and of the reference, of images (n, h, w) in uint8."""
    ours = CorruptionDiagnostics().set_output(transform="pandas").fit(images).transform(images)
    unit = images.astype(np.float32) / np.float32(255)
    model = reference.fit_structure(unit)
    return ours, pd.DataFrame([reference.describe(image, model) for image in unit])


@pytest.mark.parametrize("crop", [(28, 28), (27, 27), (28, 19)], ids=str)
def test_statistics_equal_scikit_image(glyphs, crop):
    ours, theirs = both(np.ascontiguousarray(glyphs[:, : crop[0], : crop[1]]))
    assert set(ours) == set(theirs)
    spread = ours.std()
    for name in ours:
        if name in PROJECTIONS:
            continue
        error = (ours[name] - theirs[name]).abs()
        if name in COUNTS:
            assert (error < 1e-6).mean() > 0.97, name
            assert error.max() < 0.05, name
        else:
            assert error.max() < 1e-3 * spread[name] + 1e-6, name


def test_projections_equal_the_radon_transform(glyphs):
    """Exactly so for an odd side: for even ones scikit-image turns about a point half a pixel off the centre."""
    ours, theirs = both(np.ascontiguousarray(glyphs[:60, :27, :27]))
    np.testing.assert_allclose(ours[PROJECTIONS], theirs[PROJECTIONS], atol=2e-4)
    ours, theirs = both(glyphs[:100])
    for name in PROJECTIONS:
        assert np.corrcoef(ours[name], theirs[name])[0, 1] > 0.995


def test_reference_would_notice():
    """The comparison has teeth: on other images no statistic agrees."""
    one, _ = both(load_glyphs(40, random_state=1).images)
    _, other = both(load_glyphs(40, random_state=2).images)
    assert ((one - other).abs().max() > 1e-3 * one.std() + 1e-6).mean() > 0.9


# --- what the statistics mean -----------------------------------------------------------------------------------------


def statistics(images, *names, fit_on=None):
    diagnostics = CorruptionDiagnostics(names or None).set_output(transform="pandas")
    return diagnostics.fit(images if fit_on is None else fit_on).transform(images)


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1])
def test_noise_estimators_recover_sigma(sigma):
    """Of a smooth image that clips nowhere, estimators of sigma give sigma."""
    generator = np.random.default_rng(0)
    smooth = 0.5 + 0.15 * ndimage.gaussian_filter(generator.standard_normal((30, 64, 64)), (0, 16, 16)) * 50
    smooth = np.clip(smooth, 0.3, 0.7)
    noisy = smooth + sigma * generator.standard_normal(smooth.shape)
    unit_range = np.zeros((1, 64, 64))
    unit_range[0, 0, 0] = 1
    frame = statistics(noisy, "noise", fit_on=unit_range)
    assert frame["noise_immerkaer"].median() == pytest.approx(sigma, rel=0.05)
    assert frame["noise_haar"].median() == pytest.approx(sigma, rel=0.05)
    assert 0.5 * sigma < frame["noise_local"].median() < sigma


def test_noise_estimators_work_on_digits(glyphs):
    """Where the usual wavelet estimate says nothing: mostly even background, noise clipped at the ends."""
    clean = load_glyphs(200, random_state=0).images
    noisy, _ = apply_corruption(clean / 255, "gaussian_noise", generator=np.random.default_rng(0), severity=0.0)
    for name in ("noise_immerkaer", "noise_haar", "noise_local"):
        frame = statistics(np.concatenate([clean / 255, noisy]), name)
        assert frame[name][200:].quantile(0.05) > frame[name][:200].quantile(0.95), name


def auroc(positive, negative):
    return np.mean(positive.to_numpy()[:, None] > negative.to_numpy()[None, :])


@pytest.mark.parametrize(
    ("kind", "name", "sign"),
    [
        ("gaussian_noise", "noise_border", 1),
        ("salt_and_pepper", "impulse_fraction", 1),
        ("gaussian_blur", "spectral_slope", -1),
        ("gaussian_blur", "laplacian_variance", -1),
        ("motion_blur", "gradient_maximum", -1),
        ("low_contrast", "contrast", -1),
        ("invert", "border_background", 1),
        ("translate", "off_centre", 1),
        ("pixelate", "grid_edges", 1),
        ("speckle_noise", "noise_median", 1),
        ("brightness", "gradient_maximum", -1),
    ],
)
def test_a_statistic_answers_to_its_corruption(kind, name, sign):
    clean = load_glyphs(300, random_state=0).images / 255
    corrupted, _ = apply_corruption(clean, kind, generator=np.random.default_rng(0))
    frame = sign * statistics(np.concatenate([clean, corrupted]), name)
    assert auroc(frame[name][300:], frame[name][:300]) > 0.85


def test_structure_tells_which_flip_undoes_it():
    """On a set of one class, the gain under the right symmetry is the largest one."""
    letters = load_glyphs(400, classes="R", random_state=0).images
    letters = letters / 255
    diagnostics = CorruptionDiagnostics("structure").set_output(transform="pandas").fit(letters[:300])
    for kind, undo in (
        ("rotate_90", "rotate_270"),
        ("rotate_180", "rotate_180"),
        ("rotate_270", "rotate_90"),
        ("flip_horizontal", "flip_horizontal"),
        ("flip_vertical", "flip_vertical"),
        ("transpose", "transpose"),
    ):
        turned, _ = apply_corruption(letters[300:], kind, generator=np.random.default_rng(0))
        gains = diagnostics.transform(turned).drop(columns="structure_residual")
        assert (gains.idxmax(axis=1) == f"structure_{undo}").mean() > 0.85, kind
        clean = diagnostics.transform(letters[300:])
        assert auroc(gains[f"structure_{undo}"], clean[f"structure_{undo}"]) > 0.97


@pytest.mark.parametrize("angle", [0, 30, 60, 90, 120, 150])
def test_orientation_is_that_of_the_stroke(angle):
    """A bar drawn at an angle from the horizontal, counter-clockwise as displayed."""
    y, x = np.mgrid[:41, :41] - 20
    across = x * np.sin(np.deg2rad(angle)) + y * np.cos(np.deg2rad(angle))
    along = x * np.cos(np.deg2rad(angle)) - y * np.sin(np.deg2rad(angle))
    bar = np.clip(3 - np.abs(across), 0, 1) * np.clip(13 - np.abs(along), 0, 1)
    frame = statistics(bar[None], "orientation").iloc[0]
    # Edges run along the bar, so that gradients stand at right angles to it; ink gathers in one projected bin likewise.
    for kind in ("orientation", "projection"):
        doubled = np.rad2deg(np.arctan2(frame[f"{kind}_sin"], frame[f"{kind}_cos"]))
        measured = doubled / 2 + 90
        assert abs((measured - angle + 90) % 180 - 90) < 4, kind
    assert frame["orientation_coherence"] > 0.5
    assert frame["projection_peak"] > 2


@pytest.mark.parametrize("direction", ["rows", "columns"])
def test_stripe_energy_knows_its_direction(direction):
    stack = np.zeros((1, 28, 28))
    (stack if direction == "rows" else stack.swapaxes(1, 2))[:, ::4] = 0.7
    stack[0, 0, 0] = 1
    frame = statistics(stack, "stripes").iloc[0]
    other = "columns" if direction == "rows" else "rows"
    assert frame[f"stripe_{direction}"] > 10 * frame[f"stripe_{other}"]
    assert frame[f"stripe_{direction}_peak"] > 0.3


def test_centring_and_box():
    stack = np.zeros((2, 20, 40))
    stack[0, 2:6, 30:38] = 1
    stack[1, 8:12, 16:24] = 1
    frame = statistics(stack, "moments", "ink")
    assert frame["centre_x"].tolist() == pytest.approx([(33.5 - 19.5) / 40, 0])
    assert frame["centre_y"].tolist() == pytest.approx([(3.5 - 9.5) / 20, 0])
    assert frame["box_width"].tolist() == pytest.approx([0.2, 0.2])
    assert frame["box_height"].tolist() == pytest.approx([0.2, 0.2])
    assert frame["box_y"].tolist() == pytest.approx([-0.3, 0])
    assert frame["ink_fraction"].tolist() == pytest.approx([32 / 800] * 2)


def test_polarity_of_the_ink_does_not_matter(glyphs):
    """Moments, boxes and symmetries of dark ink on white are those of white ink on black."""
    groups = ("moments", "ink", "symmetry", "orientation")
    clean = load_glyphs(60, random_state=0).images
    pd.testing.assert_frame_equal(statistics(clean, *groups), statistics(255 - clean, *groups), atol=1e-4, rtol=1e-4)


def test_colour_statistics():
    generator = np.random.default_rng(0)
    colour = generator.random((5, 16, 16, 3))
    colour[0, 0, 0], colour[0, 0, 1] = 0, 1
    frame = statistics(colour, "colour")
    saturation = (colour.max(axis=3) - colour.min(axis=3)).reshape(5, -1)
    np.testing.assert_allclose(frame["saturation_mean"], saturation.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(frame["saturation_deviation"], saturation.std(axis=1), atol=1e-5)


def test_a_grey_image_in_three_channels_has_the_grey_statistics(glyphs):
    grey = statistics(glyphs[:50])
    colour = statistics(np.stack([glyphs[:50]] * 3, axis=-1))
    assert (colour["saturation_mean"] == 0).all()
    # The luma weights sum to one only to rounding, which counts of saturated pixels may feel.
    np.testing.assert_allclose(colour[grey.columns], grey, atol=5e-3)


def test_batched_is_far_ahead_of_the_loop(glyphs):
    """At least 25 times less CPU than image by image; benchmarks/diagnostics_speed.py has the figures."""
    images = np.tile(glyphs, (4, 1, 1))
    diagnostics = CorruptionDiagnostics().fit(images)
    start = time.process_time()
    diagnostics.transform(images)
    batched = (time.process_time() - start) / len(images)
    unit = glyphs[:20].astype(np.float32) / 255
    model = reference.fit_structure(unit)
    start = time.process_time()
    for image in unit:
        reference.describe(image, model)
    assert (time.process_time() - start) / len(unit) > 25 * batched
