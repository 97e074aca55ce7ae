"""A device that is not there, and a precision that is not used, are said once and plainly."""

import warnings

import numpy as np
import pytest
import torch

from toolkit import nn
from toolkit.comparison import compare_detectors
from toolkit.datasets import load_digits
from toolkit.generators import GAN, Autoencoder, ConditionalGAN
from toolkit.nn import _precision

IMAGES = load_digits().images[:30]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA")
@pytest.mark.parametrize("make", [GAN, Autoencoder])
def test_cuda_on_a_machine_without_it_is_one_clear_error(make):
    with pytest.raises(ValueError, match=r"device='cuda' is not to be had here.*device='auto'") as caught:
        make(device="cuda", epochs=1).fit(IMAGES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("device", ["meta", "xpu:9", "cuda:99", "mps:3"])
def test_other_devices_that_are_not_there(device):
    with pytest.raises(ValueError, match=f"device='{device}'"):
        nn.resolve_device(device)


@pytest.mark.parametrize("device", [None, "abacus", 1.5])
def test_what_is_no_device(device):
    with pytest.raises(ValueError, match="device must be 'auto' or a torch device"):
        nn.resolve_device(device)


@pytest.mark.parametrize("make", [GAN, Autoencoder])
def test_bfloat16_that_is_not_used_is_said(monkeypatch, make):
    monkeypatch.setattr(_precision, "has_native_bfloat16", lambda device: False)
    with pytest.warns(UserWarning, match="precision='bfloat16'.*float32 is used") as said:
        model = make(precision="bfloat16", epochs=2, random_state=0).fit(IMAGES)
    assert len(said) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = make(precision="float32", epochs=2, random_state=0).fit(IMAGES)
        make(precision="auto", epochs=1, random_state=0).fit(IMAGES)
    np.testing.assert_array_equal(model.sample(2, random_state=0), plain.sample(2, random_state=0))


def test_labels_is_another_name_for_y():
    model = ConditionalGAN(epochs=1, random_state=0).fit(IMAGES, np.arange(30) % 3)
    np.testing.assert_array_equal(
        model.sample(labels=[0, 2, 1], random_state=0), model.sample(y=[0, 2, 1], random_state=0)
    )
    np.testing.assert_array_equal(model.sample(4, labels=2, random_state=0), model.sample(4, y=2, random_state=0))
    with pytest.raises(ValueError, match="one of the two"):
        model.sample(y=1, labels=1)
    with pytest.raises(ValueError, match="9"):
        model.sample(labels=9)


@pytest.mark.parametrize("seeds", [3, 3.0, True, np.int64(3), np.array(3)])
def test_one_number_is_no_list_of_seeds(seeds):
    data = {"a": (np.random.default_rng(0).random((20, 4)), np.arange(20) < 4)}
    for call in (
        lambda: compare_detectors(detectors=["iforest"], data=data, seeds=seeds),
        lambda: GAN().fit_many(IMAGES, seeds=seeds),
    ):
        with pytest.raises(ValueError, match=r"seeds must list the seeds, got .*range\("):
            call()


@pytest.mark.parametrize("seeds", [[], "123", [0.5], [True], [1, 1], [-1], None])
def test_seeds_are_not_made_of_what_is_none(seeds):
    data = {"a": (np.random.default_rng(0).random((20, 4)), np.arange(20) < 4)}
    with pytest.raises(ValueError, match="seeds must name at least one seed, none twice"):
        compare_detectors(detectors=["iforest"], data=data, seeds=seeds)
