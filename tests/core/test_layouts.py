"""Images with an axis of channels, tensors, and a single image: taken where plain, given back as they came."""

import warnings

import numpy as np
import pandas as pd
import pytest
import torch

from toolkit._core.images import as_stack, match_layout, validate_images
from toolkit._core.layouts import layout_of
from toolkit.corruption import Corruptor
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics
from toolkit.generators import GAN, Autoencoder
from toolkit.plots import RepairPairsDisplay, SampleGridDisplay
from toolkit.restoration import psnr, restore_images

GREY = np.random.default_rng(0).integers(0, 256, (20, 9, 12), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (20, 9, 12, 3), dtype=np.uint8)
FORMS = [
    pytest.param(GREY, GREY[..., None], id="grey last"),
    pytest.param(GREY, GREY[:, None], id="grey first"),
    pytest.param(COLOUR, COLOUR.transpose(0, 3, 1, 2), id="colour first"),
    pytest.param(GREY, torch.from_numpy(GREY[:, None]), id="tensor of grey"),
    pytest.param(COLOUR, torch.from_numpy(COLOUR.transpose(0, 3, 1, 2).copy()), id="tensor of colour"),
    pytest.param(GREY, torch.from_numpy(GREY), id="tensor"),
]


def same(found, expected, form):
    """Equal in numbers, and of the kind and layout of ``form``, of which ``expected`` is the plain stack."""
    assert isinstance(found, torch.Tensor) == isinstance(form, torch.Tensor)
    found = np.asarray(found)
    assert found.shape == tuple(form.shape)
    plain = found if found.ndim == expected.ndim and found.shape == expected.shape else None
    if plain is None:
        plain = np.moveaxis(found, 1, -1) if found.shape[1] in (1, 3) else found
        plain = plain.reshape(expected.shape)
    np.testing.assert_array_equal(plain, expected)


@pytest.mark.parametrize(("stack", "form"), FORMS)
def test_every_form_is_the_same_stack_and_goes_back_as_it_came(stack, form):
    np.testing.assert_array_equal(as_stack(form), stack)
    same(match_layout(stack, form), stack, form)
    expected = CorruptionDiagnostics().fit_transform(stack)
    np.testing.assert_array_equal(CorruptionDiagnostics().fit_transform(form), expected)


@pytest.mark.parametrize(("stack", "form"), FORMS)
def test_images_that_are_given_back_have_the_form_that_came(stack, form):
    expected, kinds = Corruptor(["invert"], random_state=0).corrupt(stack)
    found, same_kinds = Corruptor(["invert"], random_state=0).corrupt(form)
    same(found, expected, form)
    np.testing.assert_array_equal(kinds, same_kinds)
    same(restore_images(form, "uninvert"), restore_images(stack, "uninvert"), form)
    model = Autoencoder(epochs=1, random_state=0).fit(form)
    plain = Autoencoder(epochs=1, random_state=0).fit(stack)
    same(model.reconstruct(form), plain.reconstruct(stack), form)
    np.testing.assert_array_equal(model.reconstruct(stack), plain.reconstruct(stack))  # plain ones will do as well
    assert model.sample(2, random_state=0).shape[1:] == tuple(form.shape[1:])
    np.testing.assert_array_equal(
        as_stack(GAN(epochs=1, random_state=0).fit(form).sample(3, random_state=0)),
        GAN(epochs=1, random_state=0).fit(stack).sample(3, random_state=0),
    )


def test_tensors_with_a_gradient_and_of_sixteen_bits():
    unit = torch.rand(5, 1, 8, 8, requires_grad=True)
    np.testing.assert_array_equal(as_stack(unit), unit.detach().numpy()[:, 0])
    short = unit.detach().to(torch.bfloat16)
    assert match_layout(as_stack(short), short).dtype == torch.bfloat16
    np.testing.assert_array_equal(as_stack(list(unit)), unit.detach().numpy()[:, 0])


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((5, 8, 8, 4), r"X\[\.\.\., :3\]"),
        ((5, 4, 8, 8), r"X\[:, :3\]"),
        ((5, 8, 8, 2), r"X\[\.\.\., 0\]"),
        ((5, 7, 8, 8), "stack"),
        ((5, 1, 1, 8, 8), "stack"),
    ],
)
def test_what_is_not_plain_is_refused_with_the_way_out(shape, message):
    with pytest.raises(ValueError, match=message):
        as_stack(np.zeros(shape))


def test_colour_last_stays_what_it_was():
    assert layout_of(np.zeros((5, 3, 3, 3))) == layout_of(np.zeros((5, 1, 8, 3))) == "stack"


@pytest.mark.parametrize("shape", [(28, 28), (28, 30, 3)])
def test_a_single_image_is_said_in_fit_and_refused_elsewhere(shape):
    image = np.random.default_rng(0).random(shape)
    with pytest.warns(UserWarning, match=r"for a single image pass X\[None\]"):
        OutlierDetector("iforest", random_state=0).fit(image)
    for call in (
        as_stack,
        Corruptor(random_state=0).corrupt,
        SampleGridDisplay.from_predictions,
        lambda X: restore_images(X, "uninvert"),
        lambda X: psnr(X, X, 1.0),
        lambda X: RepairPairsDisplay.from_predictions(X, X),
    ):
        with pytest.raises(ValueError, match=r"for a single image pass X\[None\]"):
            call(image)
    assert as_stack(image[None]).shape == (1, *shape)


def test_a_single_image_for_a_fitted_model_names_the_way_out():
    fitted = CorruptionDiagnostics().fit(GREY)
    with pytest.raises(ValueError, match=r"single image: pass X\[None\]"):
        fitted.transform(GREY[0])


def test_rows_whose_shape_is_known_and_tables_are_not_doubted():
    rows = np.random.default_rng(0).random((64, 64))

    class Holder:
        image_shape = None

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_stack(rows, (8, 8)).shape == (64, 8, 8)
        CorruptionDiagnostics(image_shape=(8, 8)).fit(rows)
        assert as_stack(np.zeros((4, 4))).shape == (4, 2, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        validate_images(CorruptionDiagnostics(), pd.DataFrame(rows, columns=[f"c{i}" for i in range(64)]), reset=True)
