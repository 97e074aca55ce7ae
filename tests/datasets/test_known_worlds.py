"""Rings, grids and stacks: the published geometry, and labels that tell the truth."""

import numpy as np
import pytest

from toolkit.coverage import known_labels, known_modes
from toolkit.datasets import ImageSet, load_digits, load_grid, load_ring, stacked_digits


@pytest.mark.parametrize(("load", "n_modes", "scale"), [(load_ring, 8, 0.01), (load_grid, 25, 0.05)])
def test_published_geometry(load, n_modes, scale):
    world = load(20_000, random_state=0)
    assert world.centres.shape == (n_modes, 2)
    assert world.scale == scale
    residual = world.points - world.centres[world.labels]
    assert residual.std(axis=0) == pytest.approx([scale, scale], rel=0.02)
    found = known_modes(world.points, world.centres, world.scale)
    assert found.n_found == n_modes
    # Within three standard deviations of a normal mode in the plane lie 1 - exp(-9 / 2) of its points.
    assert found.high_quality == pytest.approx(1 - np.exp(-4.5), abs=0.003)
    assert found.kl < 0.002


def test_ring_and_grid_lie_where_the_papers_put_them():
    assert np.linalg.norm(load_ring(1).centres, axis=1) == pytest.approx(np.ones(8))
    assert sorted(set(load_grid(1).centres.ravel().tolist())) == [-4, -2, 0, 2, 4]


def test_seeds():
    np.testing.assert_array_equal(load_ring(50, random_state=1).points, load_ring(50, random_state=1).points)
    assert not np.array_equal(load_ring(50).points, load_ring(50).points)


def test_stacks_are_three_digits_each():
    source = load_digits()
    stacks = stacked_digits(source, 5000, random_state=0)
    assert stacks.images.shape == (5000, 28, 28, 3)
    assert stacks.images.dtype == np.uint8
    assert known_labels(stacks.labels, 1000).n_found > 980
    by_picture = {image.tobytes(): label for image, label in zip(source.images, source.labels)}
    for image, label in zip(stacks.images[:200], stacks.labels[:200]):
        digits = [by_picture[np.ascontiguousarray(image[..., channel]).tobytes()] for channel in range(3)]
        assert label == 100 * digits[0] + 10 * digits[1] + digits[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: load_ring(0), "n_samples must be an int of at least 1, got 0"),
        (lambda: load_ring(scale=-1), "scale must be a positive number, got -1"),
        (lambda: load_ring(n_modes=2.5), "n_modes must be an int"),
        (lambda: load_grid(n_side=0), "n_side must be an int"),
        (lambda: load_grid(spacing=float("nan")), "spacing must be a positive number"),
        (lambda: stacked_digits(n_samples=0), "n_samples must be an int"),
        (lambda: stacked_digits(np.zeros((3, 8, 8))), "source must be an ImageSet with labels"),
        (lambda: stacked_digits(ImageSet(np.zeros((3, 8, 8, 3)), np.arange(3))), "source must hold grey images"),
        (lambda: stacked_digits(ImageSet(np.zeros((2, 8, 8)), np.array(["a", "b"]))), "whole numbers from 0 as labels"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
