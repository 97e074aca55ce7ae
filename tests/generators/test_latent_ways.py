"""Ways to draw latents, walks and sums: against closed forms on a model whose latent space is known exactly."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from toolkit.comparison import compare_sampling
from toolkit.generators import GAN, LATENT_WAYS, decode_latents, draw_latents, latent_sums, latent_walks


class Linear(BaseEstimator):
    """The latent vector is the image itself, shifted: everything about it is known."""

    def __init__(self, shift=5.0):
        self.shift = shift

    def fit(self, X):
        self.latent_dim_ = X.shape[1]
        return self

    def transform(self, X):
        return np.asarray(X) - self.shift

    def inverse_transform(self, Z):
        return np.asarray(Z) + self.shift


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(600, 3)) * [4.0, 2.0, 1.0] + 7.0


@pytest.fixture
def model(data):
    return Linear().fit(data)


@pytest.mark.parametrize("way", LATENT_WAYS)
def test_a_seed_repeats_and_the_shape_is_asked_for(model, data, way):
    drawn = [draw_latents(model, 8, way=way, X=data, random_state=seed) for seed in (3, 3, 4)]
    assert drawn[0].shape == (8, 3)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_prior_and_truncation_have_the_moments_they_should(model, data):
    n = 20_000
    prior = draw_latents(model, n, random_state=0)
    narrow = draw_latents(model, n, way="truncated_prior", truncation=0.5, random_state=0)
    np.testing.assert_allclose(prior.std(axis=0), 1.0, atol=0.03)
    np.testing.assert_allclose(narrow, 0.5 * prior)


def test_density_has_the_moments_of_the_latents_and_truncation_narrows_it(model, data):
    latents = model.transform(data)
    dense = draw_latents(model, 20_000, way="density", X=data, random_state=0)
    narrow = draw_latents(model, 20_000, way="truncated_density", truncation=0.5, X=data, random_state=0)
    np.testing.assert_allclose(dense.mean(axis=0), latents.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(dense.std(axis=0), latents.std(axis=0), rtol=0.05)
    assert (narrow.std(axis=0) < 0.75 * dense.std(axis=0)).all()


def test_half_way_on_the_straight_line_is_a_mean_of_two(model, data):
    few = data[:2]
    latents = model.transform(few)
    drawn = draw_latents(model, 200, way="half_way_linear", X=few, random_state=0)
    means = np.array([latents[0], latents.mean(axis=0), latents[1]])
    nearest = np.abs(drawn[:, None] - means).max(axis=2).min(axis=1)
    np.testing.assert_allclose(nearest, 0.0, atol=1e-9)


def test_half_way_on_the_circle_keeps_the_distance_from_the_mean(model):
    rng = np.random.default_rng(1)
    circle = rng.normal(size=(500, 3))
    circle /= np.linalg.norm(circle, axis=1, keepdims=True)
    circle = np.concatenate([circle, -circle])  # mean exactly zero
    drawn = draw_latents(model, 300, way="half_way_spherical", X=circle + 5.0, random_state=0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0, atol=1e-6)


def test_walks_go_along_the_axes_of_largest_spread(model, data):
    images, shares = latent_walks(model, data, n_directions=3, n_steps=3, reach=2.0)
    assert images.shape == (3, 3, 3)
    np.testing.assert_allclose(images[:, 1], np.tile(data.mean(axis=0), (3, 1)))
    variances = np.sort(np.linalg.eigvalsh(np.cov(data.T)))[::-1]
    np.testing.assert_allclose(shares, variances / variances.sum())
    np.testing.assert_allclose(np.linalg.norm(images[:, 2] - images[:, 1], axis=1), 2.0 * np.sqrt(variances))
    assert np.abs(images[0, 2] - images[0, 1]).argmax() == 0


def test_sums_are_sums(model, data):
    np.testing.assert_allclose(latent_sums(model, data[:4], data[4:8], data[8:12]), data[:4] - data[4:8] + data[8:12])
    with pytest.raises(ValueError, match="as many images"):
        latent_sums(model, data[:4], data[4:8], data[8:11])


def test_a_gan_has_its_prior_and_nothing_else(data):
    gan = GAN(latent_dim=4, generator_widths=(8,), discriminator_widths=(8,), max_steps=2, random_state=0).fit(data)
    latents = draw_latents(gan, 5, way="truncated_prior", random_state=0)
    assert latents.shape == (5, 4)
    np.testing.assert_allclose(decode_latents(gan, latents), gan.generate(latents))
    with pytest.raises(TypeError, match="GAN"):
        draw_latents(gan, 5, way="density", X=data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"way": "densty"}, "density"),
        ({"way": "density"}, "needs X"),
        ({"truncation": 1.5}, "truncation"),
        ({"n_samples": 0}, "n_samples"),
    ],
)
def test_bad_input_is_named(model, options, message):
    with pytest.raises(ValueError, match=message):
        draw_latents(model, **options)


def test_the_density_beats_a_prior_that_is_elsewhere(model, data):
    table = compare_sampling(model, data[:400], data[400:], random_state=0).set_index("way")
    assert list(table.index) == ["training images", *LATENT_WAYS]
    assert table.loc["density", "frechet"] < 0.1 * table.loc["prior", "frechet"]
    assert table.loc["density", "coverage"] > 0.8 > 0.4 > table.loc["prior", "coverage"]
    assert table.loc["truncated_density", "recall"] < table.loc["density", "recall"]


def test_distances_do_not_depend_on_the_unit_of_the_pixels(model, data):
    found = [
        compare_sampling(
            Linear(5.0 * unit).fit(data), unit * data[:400], unit * data[400:], ways=["density"], random_state=0
        )
        for unit in (1.0, 255.0)
    ]
    np.testing.assert_allclose(found[0]["frechet"], found[1]["frechet"], rtol=0.05)
    assert found[0]["frechet"].max() < 1.0  # in units of the range, which is some 25 here


def test_copies_show(model, data):

    class Copier(Linear):
        def inverse_transform(self, Z):
            return data[: len(Z)]

    table = compare_sampling(Copier().fit(data), data[:400], data[400:], ways=["prior"], random_state=0)
    assert table.set_index("way").loc["prior", "copied_share"] == 1.0


def test_too_few_held_back_is_an_error(model, data):
    with pytest.raises(ValueError, match="held_back"):
        compare_sampling(model, data[:100], data[100:103])
