"""Everyday statistics of pages: much paper, little ink, and what damage does to either."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from skimage import data

from toolkit.diagnostics import EVERYDAY_FAULTS, damage_scores, everyday_statistics
from toolkit.diagnostics.damage._patches import patches_of
from toolkit.diagnostics.everyday._places import shown_places
from toolkit.diagnostics.everyday._views import ImageViews

SIDE = (1400, 1000)  # of a page, in pixels


@pytest.fixture(scope="module")
def page():
    """A page of 20 lines in black on white, with wide margins."""
    picture = Image.new("L", SIDE[::-1], 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(24)
    words = ["Sphinx", "of", "black", "quartz", "judge", "my", "vow", "and", "number", "0123456789"]
    generator = np.random.default_rng(0)
    for line in range(20):
        draw.text((260, 300 + 40 * line), " ".join(generator.choice(words, 7)), fill=0, font=font)
    pixels = np.asarray(picture).copy()
    pixels[:, 760:] = 255
    return pixels


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def blurred(image, radius):
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


# --- where to look ---------------------------------------------------------------------------------------------------


def test_margins_are_not_looked_at(page):
    spread, shown = patches_of(page)
    assert sum(np.ptp(patch) == 0 for patch in spread) > 4  # tones are those of all of it
    assert all(np.ptp(patch) == 255 for patch in shown)
    assert all(np.ptp(tile) == 255 for tile in ImageViews(page).tiles)


def test_places_stay_where_all_of_them_show_something(page):
    noisy = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    places = [(0, 0), (0, 232), (232, 0), (232, 232)]
    assert shown_places(noisy, places, (64, 64)) == places
    assert shown_places(np.full((300, 300), 9, np.uint8), places, (64, 64)) == places


def test_a_bare_place_gives_way_to_the_nearest_that_is_not():
    image = np.full((320, 320), 200, dtype=np.uint8)
    image[:64, :64] = np.random.default_rng(0).integers(0, 256, (64, 64))
    image[128:192, 128:192] = np.random.default_rng(1).integers(0, 256, (64, 64))
    found = shown_places(image, [(0, 0), (0, 256), (256, 0), (256, 256)], (64, 64))
    assert found[0] == (0, 0)
    assert 1 < len(found) < 5  # no more than there is to see, none twice
    assert len(set(found)) == len(found)
    for top, left in found:
        assert top % 8 == left % 8 == 0
        assert np.ptp(image[top : top + 64, left : left + 64]) > 0
    for one, (top, left) in enumerate(found):
        assert all(abs(top - row) >= 64 or abs(left - column) >= 64 for row, column in found[:one])


# --- blur ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [4, 8, 14])
def test_a_blurred_page_is_blurred_and_a_blank_one_is_not(page, radius):
    level = EVERYDAY_FAULTS["blurred"].always
    assert everyday_statistics(page)["sharpness"] > 4 * level
    assert everyday_statistics(blurred(page, radius))["sharpness"] < level


def test_even_shading_is_no_blur():
    down, across = np.mgrid[0:700, 0:900] / 900
    for shade in (255 * across, 200 - 90 * (down - 0.4) ** 2 - 90 * (across - 0.5) ** 2, 0 * down + 120):
        smooth = np.rint(shade).astype(np.uint8)
        assert np.isnan(everyday_statistics(smooth)["sharpness"])
        faint = np.clip(shade + np.random.default_rng(0).normal(0, 1, shade.shape), 0, 255)
        assert np.isnan(everyday_statistics(np.rint(faint).astype(np.uint8))["sharpness"])


# --- blocks and squares ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [4, 7, 10])
def test_blocks_are_seen_around_ink(page, quality):
    fault = EVERYDAY_FAULTS["jpeg_blocks"]
    assert everyday_statistics(page)["jpeg_blocks"] < 0.6 * fault.never
    assert everyday_statistics(jpeg(page, quality))["jpeg_blocks"] > fault.never
    assert everyday_statistics(jpeg(page, 92))["jpeg_blocks"] < fault.never


@pytest.mark.parametrize("block", [12, 40])
def test_squares_are_told_from_sparse_ink(page, block):
    picture = Image.fromarray(page)
    small = picture.resize([side // block for side in picture.size], Image.Resampling.BOX)
    squares = np.asarray(small.resize(picture.size, Image.Resampling.NEAREST))
    assert everyday_statistics(squares)["pixelation"] > EVERYDAY_FAULTS["pixelated"].always
    ruled = np.full(SIDE, 255, dtype=np.uint8)
    ruled[::60] = ruled[1::60] = 0  # rules, two pixels thick
    ruled[300:324, 300:700] = page[300:324, 300:700]
    for sparse in (page, ruled):
        assert everyday_statistics(sparse)["pixelation"] < EVERYDAY_FAULTS["pixelated"].never


# --- single pixels ---------------------------------------------------------------------------------------------------


def test_specks_are_set_against_where_they_could_be_seen():
    never = EVERYDAY_FAULTS["hot_pixels"].never
    image = np.full((400, 400), 255, dtype=np.uint8)
    image[:, :40] = 0  # a tenth of it is ink
    generator = np.random.default_rng(0)
    down, across = generator.integers(0, 400, 160), generator.integers(0, 400, 160)  # a thousandth of the pixels
    white, black = image.copy(), image.copy()
    white[down, across], black[down, across] = 255, 0
    # Nine of ten white ones fall on white; those in ink are as many of a million places as the black ones on paper.
    assert everyday_statistics(white)["impulses"] == everyday_statistics(white)["hot_pixels"] > 1.5 * never
    assert everyday_statistics(black)["impulses"] == everyday_statistics(black)["dark_pixels"] > 3 * never
    assert everyday_statistics(image)["impulses"] == 0
    clear = np.full((400, 400), 255, dtype=np.uint8)
    clear[down, across] = 255
    assert everyday_statistics(clear)["impulses"] == 0


def test_dots_that_draw_greys_are_no_specks():
    picture = Image.fromarray(data.camera())
    dots = np.asarray(picture.convert("1").convert("L"))
    found = everyday_statistics(dots)
    assert max(found["hot_pixels"], found["dark_pixels"]) > 50_000
    assert found["impulses"] == 0


def test_rows_of_large_images_stand_for_all_of_them():
    image = np.full((3000, 1200), 90, dtype=np.uint8)
    generator = np.random.default_rng(0)
    image[generator.integers(0, 3000, 3600), generator.integers(0, 1200, 3600)] = 250
    assert everyday_statistics(image)["impulses"] == pytest.approx(1000 / 1.1, rel=0.15)


def test_the_network_says_more_of_ink_than_of_paper(page):
    """Squares in the middle of a page: most patches of the margins would call them clean."""
    picture = Image.fromarray(page)
    small = picture.resize([side // 12 for side in picture.size], Image.Resampling.BOX)
    squares = np.asarray(small.resize(picture.size, Image.Resampling.NEAREST))
    assert damage_scores(squares)["damage_pixelate"] > damage_scores(page)["damage_pixelate"] + 0.5
