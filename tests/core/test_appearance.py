"""Descriptions by oriented gradients, and resemblance to the nearest of a set."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from toolkit._core.appearance import Neighbours, _largest, oriented_gradients, under_symmetry
from toolkit._core.geometry import DIHEDRAL, dihedral
from toolkit.datasets import load_glyphs


@pytest.fixture(scope="module")
def glyphs():
    return load_glyphs(60, random_state=0).images


@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=45)),
)
@settings(max_examples=40, deadline=None)
def test_a_description_is_finite_and_no_longer_than_one(images):
    described = oriented_gradients(images)
    length = np.linalg.norm(described, axis=1)
    assert described.dtype == np.float32
    assert np.isfinite(described).all()
    assert (length < 1 + 1e-4).all()


def test_contrast_has_length_one_and_an_image_of_one_value_none():
    noise = np.random.default_rng(0).integers(0, 256, (5, 45, 33), dtype=np.uint8)
    np.testing.assert_allclose(np.linalg.norm(oriented_gradients(noise), axis=1), 1, atol=1e-5)
    assert not oriented_gradients(np.full((2, 9, 9), 77, dtype=np.uint8)).any()


def test_colour_counts_by_its_luma_and_scale_does_not_matter(glyphs):
    colour = np.repeat(glyphs[..., None], 3, axis=3)
    np.testing.assert_allclose(oriented_gradients(colour), oriented_gradients(glyphs), atol=2e-3)
    np.testing.assert_allclose(oriented_gradients(glyphs / np.float32(255)), oriented_gradients(glyphs), atol=1e-5)


def test_an_edge_stands_in_its_direction():
    """A bright right half has edges that run into brightness to the right, and no others."""
    image = np.zeros((1, 24, 24), dtype=np.uint8)
    image[:, :, 12:] = 255
    described = oriented_gradients(image)[0].reshape(12, 8, 8)  # directions, rows, columns
    assert described[0].sum() == pytest.approx(described.sum(), rel=1e-3)
    np.testing.assert_allclose(described[0], np.repeat(described[0, :1], 8, axis=0), atol=1e-6)


@pytest.mark.parametrize("symmetry", ["flip_horizontal", "flip_vertical", "rotate_180", "transpose", "rotate_90"])
@pytest.mark.parametrize("side", [27, 28])
def test_symmetries_permute_a_description_and_lose_nothing(symmetry, side):
    """Likeness between two images is likeness between their mirror images."""
    images = np.random.default_rng(0).integers(0, 256, (6, side, side), dtype=np.uint8)
    plain, turned = (oriented_gradients(stack).astype(float) for stack in (images, dihedral(images, symmetry)))
    np.testing.assert_allclose(plain @ plain.T, turned @ turned.T, atol=1e-4)


@pytest.mark.parametrize("symmetry", DIHEDRAL)
@pytest.mark.parametrize("shape", [(28, 28), (20, 31), (9, 9, 3), (64, 64), (65, 65), (1, 30), (2, 2)])
def test_the_description_of_a_turned_image_is_the_description_turned(symmetry, shape):
    images = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    turned = np.ascontiguousarray(dihedral(images, symmetry))
    if turned.shape == images.shape:
        moved = under_symmetry(oriented_gradients(images), shape[:2], symmetry)
        np.testing.assert_allclose(moved, oriented_gradients(turned), atol=1e-5)


def test_similarity_is_the_mean_of_the_five_nearest_that_are_not_the_image_itself(glyphs):
    neighbours = Neighbours().fit(glyphs, np.random.default_rng(0))
    described = oriented_gradients(glyphs).astype(float)
    cosine = described @ described.T
    cosine[cosine > 1 - 1e-5] = -1  # itself and its copies
    expected = -np.sort(-cosine, axis=1)[:, :5].mean(axis=1)
    np.testing.assert_allclose(neighbours.similarity(glyphs), expected, atol=2e-5)


def test_a_row_is_answered_as_in_any_company(glyphs):
    neighbours = Neighbours().fit(glyphs[:40], np.random.default_rng(0))
    together = neighbours.similarity(glyphs)
    one_by_one = np.concatenate([neighbours.similarity(glyphs[[row]]) for row in range(len(glyphs))])
    np.testing.assert_allclose(together, one_by_one, atol=1.5e-5)


def test_copies_of_an_image_are_no_witnesses():
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    neighbours = Neighbours().fit(np.repeat(image, 8, axis=0), np.random.default_rng(0))
    assert neighbours.similarity(image).tolist() == [0.0]
    assert neighbours.similarity(image[:0]).shape == (0,)


@pytest.mark.parametrize("shape", [(28, 28), (27, 27), (20, 31), (65, 65)])
def test_similarity_under_symmetries_is_that_of_the_turned_images(shape):
    """Four symmetries for the price of one, and still what comparing each turned image by itself gives."""
    generator = np.random.default_rng(0)
    references, images = (generator.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (500, 9))
    neighbours = Neighbours().fit(references, generator)
    square = shape[0] == shape[1]
    symmetries = DIHEDRAL if square else ("identity", "rotate_180", "flip_horizontal", "flip_vertical")
    described = oriented_gradients(images)
    found = neighbours.similarity_under(described, shape, symmetries)
    for column, symmetry in enumerate(symmetries):
        turned = under_symmetry(described, shape, symmetry) @ neighbours.references_.T
        expected = np.sort(turned, axis=1)[:, -5:].mean(axis=1)
        np.testing.assert_allclose(found[:, column], expected, atol=2e-5)


def test_an_unknown_symmetry_is_refused(glyphs):
    neighbours = Neighbours().fit(glyphs, np.random.default_rng(0))
    with pytest.raises(ValueError, match="shear"):
        neighbours.similarity_under(oriented_gradients(glyphs[:2]), (28, 28), ["shear"])


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 900)), elements=st.integers(-9, 9)),
    st.integers(1, 20),
)
@settings(max_examples=60, deadline=None)
def test_the_largest_of_a_row_are_found_whatever_is_alike(values, wanted):
    wanted = min(wanted, values.shape[1])
    expected = np.sort(values, axis=1)[:, values.shape[1] - wanted :]
    np.testing.assert_array_equal(np.sort(_largest(values, wanted), axis=1), expected)
