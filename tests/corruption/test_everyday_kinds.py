"""Forward models of everyday faults against closed forms, Pillow and the statistics that tell them."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data

from toolkit.corruption import ALL_KINDS, EVERYDAY_KINDS, KINDS, STRENGTHS, Corruptor, apply_corruption, kind_in_words
from toolkit.diagnostics import CorruptionIdentifier, everyday_statistics


@pytest.fixture(scope="module")
def photographs():
    """Four crops in colour, 80 x 100, in the unit interval."""
    image = data.coffee().astype(np.float32) / 255
    return np.stack(
        [image[top : top + 80, left : left + 100] for top, left in ((40, 50), (90, 250), (200, 150), (0, 400))]
    )


def corrupt(stack, kind, severity=None, seed=0):
    return apply_corruption(stack, kind, generator=np.random.default_rng(seed), severity=severity)


def test_everyday_kinds_are_asked_for_by_name(photographs):
    assert (*KINDS, *EVERYDAY_KINDS) == ALL_KINDS
    assert not set(KINDS) & set(EVERYDAY_KINDS)
    assert all(kind_in_words(kind) != kind or kind in ("dark", "overexposed") for kind in EVERYDAY_KINDS)
    _, kinds = Corruptor(fraction=1.0, random_state=0).corrupt(np.repeat(photographs, 30, axis=0))
    assert set(kinds) <= set(KINDS)
    planted, kinds = Corruptor(["jpeg", "dark"], fraction=1.0, random_state=0).corrupt(photographs)
    assert set(kinds) == {"jpeg", "dark"}
    with pytest.raises(ValueError, match="jpeg"):
        CorruptionIdentifier(["jpeg"]).fit(planted)


@pytest.mark.parametrize("kind", EVERYDAY_KINDS)
@pytest.mark.parametrize("grey", [False, True])
def test_shape_range_and_determinism(photographs, kind, grey):
    stack = photographs[..., 0] if grey else photographs
    before = stack.copy()
    once, parameters = corrupt(stack, kind)
    np.testing.assert_array_equal(stack, before)
    np.testing.assert_array_equal(once, corrupt(stack, kind)[0])
    assert once.shape == stack.shape
    assert once.dtype == np.float32
    assert once.min() >= 0
    assert once.max() <= 1
    assert len(parameters) == len(stack)
    unchanged = (once == stack).all()
    assert unchanged == (grey and kind in ("colour_cast", "swap_channels"))
    for shape in ((2, 1, 1), (2, 3, 5), (1, 1, 9)):
        assert corrupt(np.full(shape, 0.4, dtype=np.float32), kind)[0].shape == shape


@pytest.mark.parametrize("kind", [kind for kind in EVERYDAY_KINDS if STRENGTHS[kind] and kind not in ("text_overlay",)])
def test_stronger_means_farther_from_the_original(photographs, kind):
    weak, strong = (np.abs(corrupt(photographs, kind, severity)[0] - photographs).mean() for severity in (0.0, 1.0))
    assert strong > 1.2 * weak > 0


def test_intensity_is_the_closed_form(photographs):
    darker, parameters = corrupt(photographs, "dark")
    np.testing.assert_allclose(darker, photographs * parameters["light"].to_numpy()[:, None, None, None], atol=1e-6)
    clipped, parameters = corrupt(photographs, "clip_contrast")
    for image, out, gain in zip(photographs, clipped, parameters["gain"]):
        np.testing.assert_allclose(out, np.clip((image - image.mean()) * gain + image.mean(), 0, 1), atol=1e-5)
    np.testing.assert_array_equal(corrupt(photographs, "swap_channels")[0], photographs[..., ::-1])


def test_jpeg_equals_pillow(photographs):
    ours, parameters = corrupt(photographs, "jpeg")
    for image, out, quality in zip(photographs, ours, parameters["quality"]):
        file = io.BytesIO()
        Image.fromarray(np.rint(image * 255).astype(np.uint8)).save(file, "JPEG", quality=int(quality))
        np.testing.assert_allclose(out * 255, np.asarray(Image.open(file)), atol=1e-3)


@pytest.mark.parametrize(
    ("kind", "statistic", "rises"),
    [
        ("overexposed", "luma_q05", True),
        ("colour_cast", "colour_cast", True),
        ("scaled_up", "fine_energy", False),
        ("hot_pixels", "hot_pixels", True),
        ("dead_lines", "line_contrast", True),
        ("half_decoded", "missing_part", True),
        ("jpeg", "jpeg_blocks", True),
        ("letterbox", "frame", True),
    ],
)
def test_each_is_told_by_its_statistic(photographs, kind, statistic, rises):
    def measure(stack):
        return np.median([everyday_statistics(np.rint(image * 255).astype(np.uint8))[statistic] for image in stack])

    before, after = measure(photographs), measure(corrupt(photographs, kind, 0.8)[0])
    assert (after > before) == rises
    assert after != pytest.approx(before, rel=0.3)


def test_writing_covers_strokes_only(photographs):
    out, parameters = corrupt(photographs, "text_overlay", 0.5)
    changed = np.abs(out - photographs).max(axis=3) > 0.02
    assert 0.005 < changed.mean() < 0.3
    for image, bright, mask in zip(out, parameters["bright"], changed):
        assert image[mask].mean() > 0.5 if bright else image[mask].mean() < 0.5
