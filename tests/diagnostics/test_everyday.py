"""Everyday statistics against closed forms, SciPy, Pillow and scikit-image."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from skimage import data, measure
from sklearn.utils._testing import ignore_warnings

from toolkit.diagnostics import EVERYDAY_FAULTS, EverydayDiagnostics, everyday_statistics


@pytest.fixture(scope="module")
def photograph():
    """A photograph in colour, 300 x 400."""
    return data.coffee()[50:350, 100:500].copy()


@pytest.fixture(scope="module")
def found(photograph):
    return everyday_statistics(photograph)


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


# --- tone and colour: closed forms -----------------------------------------------------------------------------------


def test_tone_equals_numpy_and_scikit_image():
    image = data.camera()[:200, :300]
    stats = everyday_statistics(image)
    assert stats["luma_mean"] == pytest.approx(image.mean() / 255)
    assert stats["luma_std"] == pytest.approx(image.std() / 255)
    assert stats["entropy"] == pytest.approx(measure.shannon_entropy(image), abs=1e-9)
    for share in (1, 5, 25, 50, 75, 95, 99):
        expected = np.quantile(image, share / 100, method="inverted_cdf") / 255
        assert stats[f"luma_q{share:02d}"] == pytest.approx(expected)


def test_clipping_piles_up_inside_and_a_white_background_does_not():
    ramp = np.tile(np.arange(256), (64, 1))
    assert everyday_statistics(ramp.astype(np.uint8))["clipped"] == pytest.approx(0, abs=1e-9)
    stretched = np.clip((ramp - 128.0) * 2 + 128, 0, 255).astype(np.uint8)
    assert everyday_statistics(stretched)["clipped"] > 0.3
    background = np.full((64, 256), 255, dtype=np.uint8)
    background[20:40, 60:180] = np.arange(120)
    assert everyday_statistics(background)["clipped"] == pytest.approx(0, abs=1e-9)


def test_grey_is_grey_as_one_channel_three_and_after_jpeg(photograph):
    grey = np.asarray(Image.fromarray(photograph).convert("L"))
    for image in (grey, np.repeat(grey[:, :, None], 3, axis=2), jpeg(np.repeat(grey[:, :, None], 3, axis=2), 30)):
        assert everyday_statistics(image)["is_colour"] == 0
    # A dark picture in colour keeps its colour.
    assert everyday_statistics((photograph * 0.15).astype(np.uint8))["is_colour"] == 1


def test_a_tint_is_what_multiplied_the_channels():
    grey = np.random.default_rng(0).integers(40, 180, (60, 80, 1)).repeat(3, axis=2)
    stats = everyday_statistics(np.rint(grey * np.array([1.3, 1.0, 0.8])).astype(np.uint8))
    assert stats["tint_red"] == pytest.approx(np.log(1.3), abs=0.02)
    assert stats["tint_blue"] == pytest.approx(np.log(0.8), abs=0.02)
    assert stats["colour_cast"] == pytest.approx(np.hypot(np.log(1.3), np.log(0.8)), abs=0.03)


# --- the pixel grid --------------------------------------------------------------------------------------------------


def test_sharpness_falls_with_blur_as_that_of_scikit_image_rises(photograph, found):
    widths = (0.7, 1.0, 1.5, 2.5, 4.0)
    blurred = [ndimage.gaussian_filter(photograph, (width, width, 0)) for width in widths]
    ours = [everyday_statistics(image)["sharpness"] for image in blurred]
    theirs = [measure.blur_effect(image, channel_axis=2) for image in blurred]
    assert (np.diff([found["sharpness"], *ours]) < 0).all()
    assert (np.diff(theirs) > 0).all()


def test_a_flat_sky_is_no_blur():
    """Half of the picture without any detail: what is sharp in the other half counts."""
    sky = np.full((200, 200), 180, dtype=np.uint8)
    sky[120:] = np.random.default_rng(0).integers(0, 2, (80, 200)).astype(np.uint8) * 120
    assert everyday_statistics(sky)["sharpness"] > 0.5
    even = everyday_statistics(np.full((200, 200), 180, dtype=np.uint8))
    assert np.isnan(even["sharpness"])
    assert even["detail_share"] == 0


@pytest.mark.parametrize("direction", [0, 45, 90, 135])
def test_motion_blur_has_its_direction(photograph, found, direction):
    kernel = np.zeros((15, 15))
    steps = np.arange(-7, 8)
    down, right = {0: (0, 1), 90: (1, 0), 45: (-1, 1), 135: (1, 1)}[direction]
    kernel[7 + down * steps, 7 + right * steps] = 1 / 15
    moved = np.stack([ndimage.convolve(photograph[..., k].astype(float), kernel) for k in range(3)], axis=2)
    stats = everyday_statistics(np.rint(moved).astype(np.uint8))
    assert stats["directional_blur"] > 3 * found["directional_blur"]
    assert stats["sharpness_direction"] == direction


@pytest.mark.parametrize("sigma", [3.0, 8.0, 20.0])
def test_noise_is_measured_in_grey_levels(sigma):
    generator = np.random.default_rng(0)
    image = np.rint(ndimage.gaussian_filter(generator.normal(0, 800, (240, 240)), 20) + 128)
    noisy = np.clip(image + generator.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)
    # The evenest tenth of the windows: a little below the mean over all of them.
    assert everyday_statistics(noisy)["noise_sigma"] == pytest.approx(sigma, rel=0.3)


def test_texture_is_no_noise():
    grain = np.random.default_rng(0).normal(0, 300, (240, 240))
    smooth = np.clip(ndimage.gaussian_filter(grain, 1.5) + 128, 0, 255).astype(np.uint8)
    white = np.clip(128 + np.random.default_rng(1).normal(0, float(smooth.std()), (240, 240)), 0, 255).astype(np.uint8)
    assert everyday_statistics(smooth)["noise_sigma"] < 0.1 * everyday_statistics(white)["noise_sigma"]


def test_hot_pixels_are_counted():
    image = np.full((100, 100), 90, dtype=np.uint8)
    places = np.random.default_rng(0).choice(32 * 32, 25, replace=False)
    image[2 + places // 32 * 3, 2 + places % 32 * 3] = 250
    stats = everyday_statistics(image)
    assert stats["hot_pixels"] == pytest.approx(
        25 / (1.1 * 98**2) * 1e6, rel=0.05
    )  # beside a bright one there is no place
    assert stats["dark_pixels"] == 0


@pytest.mark.parametrize("turned", [False, True])
def test_dead_lines_reach_from_edge_to_edge(photograph, turned):
    whole, part = photograph.copy(), photograph.copy()
    whole[77] = 0
    part[77, 60:340] = 0  # a drawn line that ends before the edges
    if turned:
        whole, part = whole.swapaxes(0, 1), part.swapaxes(0, 1)
    assert everyday_statistics(whole)["line_contrast"] > 30
    assert everyday_statistics(whole)["line_count"] == 1
    assert everyday_statistics(part)["line_contrast"] < 30


def test_a_ruled_line_on_paper_is_not_dead():
    """It reaches into all eight parts, and ends on paper at either edge; a dead line is there, seen or unseen."""
    form = np.full((200, 256), 255, dtype=np.uint8)
    form[40:150:11, 20:236] = np.random.default_rng(0).integers(0, 2, (10, 216)).astype(np.uint8) * 255
    form[80, 7:249] = 0
    assert everyday_statistics(form)["line_contrast"] == 0
    form[121] = 0
    assert everyday_statistics(form)["line_contrast"] > 200
    # A white line that is lost in the white margins.
    photograph = np.full((200, 256), 255, dtype=np.uint8)
    photograph[:, 12:244] = np.random.default_rng(0).integers(40, 120, (200, 232))
    photograph[66] = 255
    assert everyday_statistics(photograph)["line_contrast"] > 60


@pytest.mark.parametrize("offset", [(0, 0), (3, 5)])
def test_blocks_of_jpeg_are_seen_at_any_offset(photograph, found, offset):
    values = []
    for quality in (90, 30, 10, 5):
        cut = jpeg(photograph, quality)[offset[0] :, offset[1] :]
        stats = everyday_statistics(cut)
        values.append(stats["jpeg_blocks"])
    assert (np.diff(values) > 0).all()
    assert values[-1] > 10 * max(found["jpeg_blocks"], 0.05)
    # A step is counted at its left or upper pixel, and the first and last steps have no neighbours.
    assert stats["jpeg_phase_down"] == (6 - offset[0]) % 8
    assert stats["jpeg_phase_across"] == (6 - offset[1]) % 8


@pytest.mark.parametrize("factor", [2, 3, 3.7])
def test_an_enlargement_lacks_what_is_fine(photograph, found, factor):
    picture = Image.fromarray(photograph)
    small = picture.resize([round(side / factor) for side in picture.size], Image.Resampling.LANCZOS)
    cubic = everyday_statistics(np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC)))
    assert cubic["fine_energy"] < found["fine_energy"] - 0.7
    squares = everyday_statistics(np.asarray(small.resize(picture.size, Image.Resampling.NEAREST)))
    assert squares["pixelation"] > 0.9 if factor > 2 else squares["pixelation"] > found["pixelation"]
    assert found["pixelation"] < 0.6


# --- borders, missing parts, drawn things ----------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [None, 85])
def test_bars_are_measured(photograph, quality):
    framed = photograph.copy()
    framed[:45] = framed[-30:] = 0
    stats = everyday_statistics(framed if quality is None else jpeg(framed, quality))
    assert stats["bar_top"] == pytest.approx(45 / 300, abs=0.03)
    assert stats["bar_bottom"] == pytest.approx(30 / 300, abs=0.03)
    assert stats["frame"] == pytest.approx(75 / 300, abs=0.06)


def test_a_white_background_is_no_frame():
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).ellipse([40, 30, 160, 170], fill=60)
    stats = everyday_statistics(np.asarray(picture))
    assert stats["bar_top"] == pytest.approx(0.15, abs=0.01)
    assert stats["frame"] == 0
    assert stats["missing_part"] == 0


def test_a_lower_part_that_was_not_decoded(photograph, found, monkeypatch):
    from PIL import ImageFile

    file = io.BytesIO()
    Image.fromarray(photograph).save(file, "JPEG", quality=90)
    half = file.getvalue()[: len(file.getvalue()) // 2]
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    cut = np.asarray(Image.open(io.BytesIO(half)))
    even = int(np.ptp(cut.reshape(len(cut), -1), axis=1)[::-1].argmax())
    assert everyday_statistics(cut)["missing_part"] == pytest.approx(even / len(cut), abs=0.02)
    repeated = photograph.copy()
    repeated[200:] = repeated[199]
    assert everyday_statistics(repeated)["bottom_repeated"] == pytest.approx(100 / 300, abs=0.02)
    assert found["missing_part"] == 0


def test_a_sky_that_is_as_even_downwards_is_not_repeated():
    """Light from the sides, the same in every row but for the noise of a camera; a decoder repeats to the level."""
    generator, sky = np.random.default_rng(0), np.abs(np.linspace(-40, 40, 200))[None].repeat(160, axis=0) + 90
    image = np.rint(sky + generator.normal(0, 1.2, sky.shape)).astype(np.uint8)
    image[20:60, 60:120] = generator.integers(0, 80, (40, 60))
    assert everyday_statistics(image)["missing_part"] == 0
    image[90:] = image[89]
    assert everyday_statistics(jpeg(image, 92))["missing_part"] > 0.3


def test_what_is_missing_below_is_missing_whatever_is_even_above(photograph):
    cut = photograph.copy()
    cut[:12], cut[-100:] = 250, 128
    stats = everyday_statistics(cut)
    assert stats["missing_part"] == pytest.approx(1 / 3, abs=0.02)
    assert stats["frame"] == 0
    cut[:12] = 128  # of one colour: bars, which are as they should be below as well
    assert everyday_statistics(cut)["missing_part"] == 0


@pytest.mark.parametrize("level", [0, 255])
def test_exact_bars_end_where_anything_varies(photograph, level):
    """Round a picture that is nearly as dark, or as light, all along the bar; what a camera saw varies by itself."""
    faint = np.clip(photograph.astype(float) * 0.06 + (3 if level == 0 else 237), 0, 255).astype(np.uint8)
    framed = np.pad(faint, ((30, 30), (0, 0), (0, 0)), constant_values=level)
    assert everyday_statistics(framed)["frame"] == pytest.approx(60 / len(framed), abs=0.01)
    assert everyday_statistics(faint)["frame"] == 0


def test_a_dark_floor_is_not_missing(photograph):
    """What a decoder leaves is one level throughout; the night and a table top vary by a few."""
    floor = photograph.copy()
    floor[250:] = 40 + np.random.default_rng(0).integers(-3, 4, (50, 400, 1))
    assert everyday_statistics(floor)["bar_bottom"] > 0.1
    assert everyday_statistics(floor)["missing_part"] == 0
    floor[250:] = 40
    assert everyday_statistics(jpeg(floor, 92))["missing_part"] > 0.1


def test_a_window_in_the_corner_hides_nothing(photograph):
    window = photograph.copy()
    window[:80, 260:] = 255
    assert everyday_statistics(window)["even_rectangle"] == 0


def test_a_rectangle_that_hides_a_part(photograph, found):
    hidden = photograph.copy()
    hidden[100:180, 150:290] = (30, 200, 90)
    share = 80 * 140 / (300 * 400)
    assert everyday_statistics(hidden)["even_rectangle"] == pytest.approx(share, rel=0.15)
    assert found["even_rectangle"] == 0


def test_a_screen_has_even_areas_and_edges_along_its_axes(photograph, found):
    page = Image.new("RGB", (400, 300), (245, 245, 245))
    draw = ImageDraw.Draw(page)
    for place in range(8):
        draw.rectangle([20 + 40 * place, 30, 45 + 40 * place, 30 + 30 * place], fill=(30, 60, 20 * place))
    stats = everyday_statistics(np.asarray(page))
    assert stats["axis_edges"] > 0.9
    assert stats["even_share"] > 0.9
    assert stats["screen_like"] > 20 * found["screen_like"]
    soft = everyday_statistics(np.asarray(Image.fromarray(photograph).filter(ImageFilter.GaussianBlur(1))))
    assert soft["screen_like"] < 0.1


# --- any image -------------------------------------------------------------------------------------------------------

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40)) | st.tuples(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3, 4])
)


@ignore_warnings
@settings(max_examples=60, deadline=None)
@given(image=hnp.arrays(np.uint8, SHAPES))
def test_any_image_has_the_same_names_and_keeps_its_pixels(image):
    before = image.copy()
    stats = everyday_statistics(image)
    np.testing.assert_array_equal(image, before)
    assert list(stats) == list(everyday_statistics(np.zeros((9, 9), dtype=np.uint8)))
    assert all(isinstance(value, float) for value in stats.values())
    assert not any(np.isinf(value) for value in stats.values())


def test_a_large_image_is_seen_in_tiles():
    """Blocks and noise are those of the original resolution, wherever the tiles lie."""
    generator = np.random.default_rng(0)
    large = ndimage.zoom(generator.uniform(60, 200, (20, 30)), 60, order=1)[:1111, :1777]
    noisy = np.clip(large + generator.normal(0, 6, large.shape), 0, 255).astype(np.uint8)
    assert everyday_statistics(noisy)["noise_sigma"] == pytest.approx(6, rel=0.3)
    coarse = everyday_statistics(jpeg(noisy, 8))
    assert coarse["jpeg_blocks"] > 1
    assert (coarse["jpeg_phase_down"], coarse["jpeg_phase_across"]) == (6, 6)


def test_transparency_is_seen_on_white(photograph):
    alpha = np.zeros((*photograph.shape[:2], 1), dtype=np.uint8)
    assert everyday_statistics(np.concatenate([photograph, alpha], axis=2))["luma_q01"] == 1
    opaque = np.concatenate([photograph, alpha + 255], axis=2)
    assert everyday_statistics(opaque) == everyday_statistics(photograph)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4)), r"uint8 .* got float64"),
        (np.zeros((4, 4, 2), dtype=np.uint8), r"got \(4, 4, 2\)"),
        (np.zeros((0, 4), dtype=np.uint8), r"got \(0, 4\)"),
    ],
)
def test_what_is_no_image_is_refused(image, words):
    with pytest.raises(ValueError, match=words):
        everyday_statistics(image)


def test_every_fault_has_its_statistic(found):
    for name, fault in EVERYDAY_FAULTS.items():
        assert fault.statistic in found or name == "overlaid_text", name  # which the networks tell, `damage_scores`
        assert (fault.never <= fault.always) == fault.high or fault.never == fault.always, name


def test_the_transformer_gives_the_statistics_of_each_image(photograph):
    images = np.stack([photograph[:64, :64], photograph[100:164, 50:114], photograph[100:164, 50:114] // 3])
    images[0, 0, 0], images[0, 0, 1] = 0, 255  # the whole range, so that bytes stay as they are
    rows = EverydayDiagnostics(missing="nan").fit_transform(images)
    for image, row in zip(images, rows):
        np.testing.assert_array_equal(row, list(everyday_statistics(image).values()))
    flat = EverydayDiagnostics("tone", image_shape=(64, 64, 3)).fit_transform(images.reshape(3, -1))
    assert flat.shape == (3, len(EverydayDiagnostics("tone").fit(images).get_feature_names_out()))
    with pytest.raises(ValueError, match="nonsense"):
        EverydayDiagnostics("nonsense").fit(images)


def test_what_is_missing_becomes_the_median():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (5, 32, 32), dtype=np.uint8)
    images[2] = 100
    transformer = EverydayDiagnostics("sharpness").set_output(transform="pandas").fit(images)
    filled = transformer.transform(images)["sharpness"]
    assert filled.notna().all()
    assert filled[2] == pytest.approx(np.median(filled.drop(2)))
