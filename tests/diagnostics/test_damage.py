"""The network of patches: what it says of photographs that it never saw, and of damage planted by other hands."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data
from sklearn.metrics import roc_auc_score

import toolkit
from toolkit.diagnostics import DAMAGE_SCORES, DamageDiagnostics, damage_scores
from toolkit.exceptions import CheckpointError


@pytest.fixture(scope="module")
def crops():
    """48 crops of 128 x 128 of photographs that everybody has."""
    generator = np.random.default_rng(3)
    pictures = [getattr(data, name)() for name in ("astronaut", "coffee", "chelsea", "rocket")]
    found = []
    for place in range(48):
        picture = pictures[place % 4]
        top, left = (generator.integers(0, side - 128) for side in picture.shape[:2])
        found.append(picture[top : top + 128, left : left + 128])
    return np.stack(found)


def _jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=6)
    return np.asarray(Image.open(file))


HANDS = {
    "noise": lambda image, g: np.clip(image + g.normal(0, 25, image.shape), 0, 255).astype(np.uint8),
    "jpeg": lambda image, g: _jpeg(image),
    "gaussian_blur": lambda image, g: np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(3))),
    "pixelate": lambda image, g: np.asarray(Image.fromarray(image).resize((20, 20), 4).resize((128, 128), 0)),
    "dark": lambda image, g: (image * 0.1).astype(np.uint8),
    "low_contrast": lambda image, g: (image * 0.2 + 100).astype(np.uint8),
}


@pytest.mark.parametrize("damage", HANDS)
def test_planted_damage_is_told(crops, damage):
    generator = np.random.default_rng(0)
    spoilt = crops.copy()
    rows = np.arange(0, 48, 8)
    spoilt[rows] = [HANDS[damage](image, generator) for image in crops[rows]]
    scores = DamageDiagnostics().fit_transform(spoilt)[:, DAMAGE_SCORES.index(damage)]
    truth = np.isin(np.arange(48), rows)
    assert roc_auc_score(truth, scores) > 0.93


def test_a_set_is_set_against_itself(crops):
    """Where everything is noisy, noise is not unusual."""
    noisy = np.stack([HANDS["noise"](image, np.random.default_rng(1)) for image in crops])
    found = DamageDiagnostics().fit(noisy)
    assert abs(np.median(found.transform(noisy)[:, 0])) < 1e-9
    assert found.location_[0] > DamageDiagnostics().fit(crops).location_[0] + 1


@pytest.mark.parametrize("shape", [(1, 1), (5, 200), (64, 64), (300, 90, 3), (20, 20, 4)])
def test_any_size(shape):
    found = damage_scores(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert len(found) == 2 * len(DAMAGE_SCORES) + 1
    assert np.isfinite(list(found.values())).all()
    assert 0 <= sum(value for name, value in found.items() if name.startswith("share_")) <= 1 + 1e-6


def test_names_are_those_of_the_network():
    from toolkit.diagnostics.damage.network import DAMAGES

    assert DAMAGES == DAMAGE_SCORES


def test_grey_is_colour_of_equal_channels(crops):
    grey = crops[0][..., 1]
    assert damage_scores(grey) == damage_scores(np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4), np.uint8)])
def test_bad_images_are_named(image):
    with pytest.raises(ValueError, match="image must be"):
        damage_scores(image)


def test_bad_parameters(crops):
    with pytest.raises(ValueError, match="false_alarms"):
        DamageDiagnostics(false_alarms=0.7).fit(crops[:4])


def test_the_digest_is_that_of_the_weights():
    """Else surveys that were kept would be taken for those of these weights."""
    from toolkit.diagnostics.damage import _weights

    assert {path.name for path in _weights.DIGESTS} == {"leaves.safetensors", "writing.safetensors"}
    for path, digest in _weights.DIGESTS.items():
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest()[:16] == digest
        assert len(content) < 1_000_000


def test_damaged_weights_are_refused(tmp_path):
    from toolkit.diagnostics.damage._weights import load_network

    for content in (b"", b"no weights"):
        path = tmp_path / "weights.safetensors"
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="missing or damaged"):
            load_network.__wrapped__(path)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_network.__wrapped__(tmp_path / "nowhere.safetensors")


def test_saved_and_loaded(crops, tmp_path):
    found = DamageDiagnostics().fit(crops[:8])
    toolkit.save(found, tmp_path / "saved")
    np.testing.assert_array_equal(toolkit.load(tmp_path / "saved").transform(crops[:8]), found.transform(crops[:8]))


def test_norms_are_folded_and_nothing_is_rounded():
    """What is shipped answers as with its norms, and in full precision whatever the caller has set."""
    import torch

    from toolkit._core.shipped import with_shipped_weights
    from toolkit.diagnostics.damage import _weights
    from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork, luma_and_chroma

    known = with_shipped_weights(PatchNetwork(), _weights._SHIPPED, _weights._FORMAT, DAMAGES, "of patches")
    network = _weights.load_network()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    patches = torch.randint(0, 256, (6, 64, 64, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(network(patches), known(patches), atol=1e-4, rtol=1e-4)
        exact = luma_and_chroma(patches)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for found, value in zip(luma_and_chroma(patches), exact):
                torch.testing.assert_close(found, value)


def test_writing_is_not_looked_for_where_it_is_not_asked_for():
    image = np.zeros((70, 80, 3), np.uint8)
    both, one = damage_scores(image), damage_scores(image, writing=False)
    assert both.pop("writing") < 0
    assert one == both
