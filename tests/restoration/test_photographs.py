"""The network for photographs: any size and mode, tiles that cannot be seen, damage by other hands undone."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from safetensors.numpy import load, save
from scipy import ndimage
from skimage import data, restoration
from skimage.metrics import peak_signal_noise_ratio

from toolkit.exceptions import CheckpointError
from toolkit.restoration import _photographs
from toolkit.restoration._block_grid import block_grid
from toolkit.restoration._photograph_network import MULTIPLE, REACH, TAUGHT, PhotographNetwork
from toolkit.restoration._photographs import load_photograph_network, without_fault

PHOTOGRAPHS = {
    "astronaut": lambda: data.astronaut()[:192, 130:322],
    "coffee": lambda: data.coffee()[100:292, 150:342],
    "cat": lambda: data.chelsea()[20:212, 100:292],
    "motorcycle": lambda: data.stereo_motorcycle()[0][150:342, 150:342],
    "camera": lambda: data.camera()[60:252, 130:322],  # grey
}


def _jpeg(image, quality=10):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _noisy(image, sigma=25):
    return np.rint(np.clip(image + np.random.default_rng(3).normal(0, sigma, image.shape), 0, 255)).astype(np.uint8)


def _blurred(image, sigma=1.6):
    return np.rint(ndimage.gaussian_filter(image.astype(float), (sigma, sigma, 0)[: image.ndim])).astype(np.uint8)


# fault and hand: what plants it, and the least gain in dB in each photograph and in the median.
HANDS = {
    ("noisy", "gaussian"): (_noisy, 5, 7),
    ("noisy", "faint"): (lambda image: _noisy(image, 10), 1.5, 4),
    ("noisy", "photons"): (
        lambda image: np.clip(np.random.default_rng(4).poisson(image / 6.0) * 6, 0, 255).astype(np.uint8),
        5,
        6,
    ),
    ("jpeg_blocks", "quality 10"): (_jpeg, 0.5, 0.9),
    ("jpeg_blocks", "quality 20, cut"): (lambda image: _jpeg(image, 20), 0.4, 0.8),
    ("blurred", "scipy"): (_blurred, 0.8, 1.5),
    ("blurred", "pillow"): (
        lambda image: np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(2))),
        0.8,
        1.5,
    ),
}


def _gain(image, spoilt, found):
    return peak_signal_noise_ratio(image, found) - peak_signal_noise_ratio(image, spoilt)


@pytest.mark.parametrize(("fault", "hand"), HANDS)
def test_damage_by_other_hands_is_undone(fault, hand):
    spoil, least, median = HANDS[fault, hand]
    gains = []
    for photograph in PHOTOGRAPHS.values():
        image = photograph()
        spoilt = spoil(image)
        if "cut" in hand:  # the grid of the blocks lies elsewhere
            image, spoilt = image[3:, 5:], np.ascontiguousarray(spoilt[3:, 5:])
        gains.append(_gain(image, spoilt, without_fault(spoilt, fault)))
    assert min(gains) > least, gains
    assert np.median(gains) > median, gains


@pytest.mark.parametrize("fault", TAUGHT)
def test_sound_photographs_stay_nearly_as_they_are(fault):
    kept = [
        peak_signal_noise_ratio(image, without_fault(image, fault)) for image in (p() for p in PHOTOGRAPHS.values())
    ]
    assert min(kept) > 35, kept


def test_better_than_non_local_means_that_know_the_noise():
    more = []
    for photograph in PHOTOGRAPHS.values():
        image = photograph()
        noisy, axis = _noisy(image), {"channel_axis": -1} if image.ndim == 3 else {}
        told = restoration.denoise_nl_means(
            noisy / 255, patch_size=5, patch_distance=6, h=0.06, sigma=25 / 255, fast_mode=True, **axis
        )
        told = np.rint(told * 255).astype(np.uint8)
        more.append(
            peak_signal_noise_ratio(image, without_fault(noisy, "noisy")) - peak_signal_noise_ratio(image, told)
        )
    assert min(more) > -0.1
    assert np.median(more) > 0.3


@pytest.mark.parametrize("fault", TAUGHT)
def test_an_even_picture_stays_even_up_to_its_edges(fault):
    for level in (0, 77, 255):
        even = np.full((41, 60, 3), level, np.uint8)
        assert np.abs(without_fault(even, fault).astype(int) - level).max() <= 2


@pytest.mark.parametrize("fault", TAUGHT)
@pytest.mark.parametrize("shape", [(7, 5, 3), (1, 1), (3, 200), (66, 35, 3)])
def test_any_size(fault, shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    given = image.copy()
    found = without_fault(image, fault)
    assert found.shape == shape
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(image, given)  # what was given is not changed


@pytest.mark.parametrize("fault", TAUGHT)
def test_tiles_cannot_be_seen(fault):
    image = _jpeg(data.astronaut()[:211, :247], 15)
    whole = without_fault(image, fault, tile=4096).astype(int)
    for tile in (60, 64, 130):
        assert np.abs(without_fault(image, fault, tile=tile) - whole).max() <= 1  # sums of another order, rounded


def test_it_sees_no_further_than_it_says():
    """What lies beyond REACH makes no difference to an answer: the margin of the tiles is wide enough."""
    network = load_photograph_network()
    edge = MULTIPLE + REACH
    given = torch.from_numpy(np.random.default_rng(0).random((1, 3, 2 * edge + 16, 2 * edge + 16), dtype=np.float32))
    changed = given.clone()
    changed[..., :MULTIPLE, :], changed[..., -MULTIPLE:] = 0, 1
    told, grids = torch.eye(len(TAUGHT))[:1], torch.full((1, 2), torch.nan)
    with torch.inference_mode():
        first, second = network(given, told, grids), network(changed, told, grids)
    assert torch.allclose(first[..., edge:-edge, edge:-edge], second[..., edge:-edge, edge:-edge], atol=1e-5)
    assert not torch.allclose(first[..., 16:-16, 16:-16], second[..., 16:-16, 16:-16], atol=1e-5)  # so it can tell
    assert REACH % MULTIPLE == 0


def test_four_turns_are_better_than_one():
    gains = []
    for photograph in PHOTOGRAPHS.values():
        image = photograph()
        spoilt = _jpeg(image, 15)
        one, four = (without_fault(spoilt, "jpeg_blocks", turns=turns) for turns in (1, 4))
        gains.append(peak_signal_noise_ratio(image, four) - peak_signal_noise_ratio(image, one))
    assert min(gains) > 0


@pytest.mark.parametrize("fault", TAUGHT)
def test_a_grey_picture_is_answered_as_three_equal_planes_are(fault):
    grey = _noisy(PHOTOGRAPHS["camera"]())[:64, :80]
    found = without_fault(grey, fault).astype(int)
    colour = without_fault(np.repeat(grey[..., None], 3, axis=2), fault)
    assert np.abs(found - colour.mean(axis=2)).max() <= 1


def test_opacity_stays():
    colour = _noisy(PHOTOGRAPHS["cat"]())[:64, :64]
    alpha = np.random.default_rng(1).integers(0, 256, (64, 64, 1)).astype(np.uint8)
    found = without_fault(np.concatenate([colour, alpha], axis=2), "noisy")
    np.testing.assert_array_equal(found[..., 3:], alpha)
    np.testing.assert_array_equal(found[..., :3], without_fault(colour, "noisy"))


def test_the_same_on_any_number_of_threads():
    noisy = _noisy(PHOTOGRAPHS["cat"]())
    before = torch.get_num_threads()
    found = without_fault(noisy, "noisy")
    torch.set_num_threads(2)
    try:
        np.testing.assert_array_equal(without_fault(noisy, "noisy"), found)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("quality", [8, 20, 40])
def test_blocks_are_found_wherever_the_picture_was_cut(quality):
    generator = np.random.default_rng(quality)
    for photograph in PHOTOGRAPHS.values():
        down, right = generator.integers(0, 8, 2)
        image = _jpeg(photograph(), quality)[down:, right:]
        assert block_grid(image) == (-down % 8, -right % 8)


def test_no_blocks_where_there_are_none():
    rough = np.random.default_rng(0).integers(0, 256, (128, 128)).astype(np.uint8)
    for image in (rough, np.zeros((64, 64), np.uint8), rough[:20, :90]):
        assert np.isnan(block_grid(image)).all()


def test_damaged_weights_are_refused(tmp_path):
    content = _photographs._SHIPPED.read_bytes()
    assert len(content) <= 400_000
    weights = load(content)
    broken = {name: value.copy() for name, value in weights.items()}
    broken["tail.bias"][0] = np.nan
    good = {"toolkit photographs 1": ",".join(TAUGHT)}
    for name, bad in {
        "short": content[:-100],
        "foreign": save(weights, metadata={"other": "1"}),
        "nan": save(broken, metadata=good),
        "less": save({"tail.bias": weights["tail.bias"]}, metadata=good),
    }.items():
        (tmp_path / name).write_bytes(bad)
        with pytest.raises(CheckpointError, match=name):
            load_photograph_network.__wrapped__(tmp_path / name)
    with pytest.raises(CheckpointError, match="missing"):
        load_photograph_network.__wrapped__(tmp_path / "nowhere")


def test_the_shipped_weights_are_those_of_the_network():
    assert {name: value.shape for name, value in load(_photographs._SHIPPED.read_bytes()).items()} == {
        name: tuple(value.shape) for name, value in PhotographNetwork().state_dict().items()
    }
