"""VariationalAutoencoder: bounds against closed forms and Monte Carlo, samples, paths, and what it refuses."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.base import clone

from toolkit.datasets import load_glyphs
from toolkit.generators import VariationalAutoencoder
from toolkit.generators._paths import latent_path
from toolkit.nn import Checkpoint


@pytest.fixture(scope="module")
def images():
    return load_glyphs(n_samples=300, classes="0123456789", random_state=0).images


@pytest.fixture(scope="module")
def fitted(images):
    return VariationalAutoencoder(epochs=30, random_state=0).fit(images)


@pytest.fixture(scope="module")
def linear():
    """A model whose log density is known: x = W z + b + noise of variance 1/2, z standard normal.

    Encoder and decoder are linear, so that nothing but normal distributions occurs (Tipping and Bishop, 1999). The
    range seen is exactly 0 to 1, in which all bounds count.
    """
    generator = np.random.default_rng(0)
    latent = generator.normal(size=(500, 2))
    X = latent @ generator.normal(size=(2, 6)) + 0.7 * generator.normal(size=(500, 6))
    X = (X - X.min()) / (X.max() - X.min())
    model = VariationalAutoencoder(
        hidden_sizes=(), activation="identity", output="identity", epochs=40, learning_rate=0.02, random_state=0
    ).fit(X)
    return model, X


def layers(model):
    """Weights and biases of a linear model: encoder (4, 6) and decoder (6, 2)."""
    encoder, decoder = model.encoder_.layers[0], model.decoder_.layers[0]
    return [part.detach().double().numpy() for part in (encoder.weight, encoder.bias, decoder.weight, decoder.bias)]


def test_elbo_of_a_linear_model_is_its_closed_form(linear):
    model, X = linear
    A, a, W, b = layers(model)
    answer = X @ A.T + a
    mean, variance = answer[:, :2], np.exp(answer[:, 2:])
    # E |x - W z - b|^2 = |x - W m - b|^2 + sum_j var_j |W_j|^2
    error = np.square(X - mean @ W.T - b).sum(axis=1) + variance @ np.square(W).sum(axis=0)
    kl = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum(axis=1)
    expected = -error - 3 * np.log(np.pi) - kl
    np.testing.assert_allclose(model.elbo(X, n_draws=4000), expected, atol=0.02)


def test_bounds_lie_below_the_log_density_and_the_importance_weighted_one_reaches_it(linear):
    model, X = linear
    _, _, W, b = layers(model)
    exact = stats.multivariate_normal(b, W @ W.T + 0.5 * np.eye(6)).logpdf(X)
    elbo, tight = model.elbo(X, n_draws=2000), model.log_likelihood(X, n_draws=2000)
    assert (elbo <= exact + 0.02).all()
    np.testing.assert_allclose(tight, exact, atol=0.02)
    # What the ELBO lacks is the divergence of the encoder's answer from the true posterior.
    A, a, *_ = layers(model)
    answer = X @ A.T + a
    true_covariance = np.linalg.inv(np.eye(2) + 2 * W.T @ W)
    true_mean = 2 * (X - b) @ W @ true_covariance
    posterior = torch.distributions.MultivariateNormal(
        torch.from_numpy(answer[:, :2]), torch.diag_embed(torch.from_numpy(np.exp(answer[:, 2:])))
    )
    truth = torch.distributions.MultivariateNormal(torch.from_numpy(true_mean), torch.from_numpy(true_covariance))
    gap = torch.distributions.kl_divergence(posterior, truth).numpy()
    np.testing.assert_allclose(exact - elbo, gap, atol=0.02)


def test_importance_weights_tighten_the_bound(images, fitted):
    one = fitted.log_likelihood(images, n_draws=1).mean()
    few, many = (fitted.log_likelihood(images, n_draws=n).mean() for n in (10, 200))
    assert one < few < many
    assert fitted.elbo(images, n_draws=200).mean() < many


def test_elbo_by_monte_carlo_with_torch_distributions(images, fitted):
    """Nothing of the closed form is used: log p(x, z) - log q(z | x), averaged over draws of its own."""
    X = images[:20]
    unit = torch.from_numpy(X / 255.0)[:, None]
    encoder, decoder = (network.double() for network in (clone_of(fitted.encoder_), clone_of(fitted.decoder_)))
    with torch.no_grad():
        mean, log_variance = encoder(unit).chunk(2, dim=1)
        posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        draws = posterior.mean + posterior.stddev * torch.randn(
            (2000, *mean.shape), generator=torch.Generator().manual_seed(7), dtype=torch.float64
        )
        totals = []
        for z in draws:
            pixels = torch.distributions.Normal(torch.sigmoid(decoder(z)), np.sqrt(0.5)).log_prob(unit).sum((1, 2, 3))
            prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
            totals.append(pixels + prior - posterior.log_prob(z).sum(1))
    expected = torch.stack(totals).mean(0).numpy()
    np.testing.assert_allclose(fitted.elbo(X, n_draws=2000), expected, atol=0.6)
    # A few draws differ by chance only: the spread of a single draw is a few nats.
    assert np.abs(fitted.elbo(X) - expected).mean() < 3


def clone_of(network):
    again = type(network)(**network.config)
    again.load_state_dict(network.state_dict())
    return again


def test_a_rows_bound_does_not_depend_on_the_others(images, fitted):
    all_rows = fitted.elbo(images)
    np.testing.assert_allclose(fitted.elbo(images[17:19]), all_rows[17:19], rtol=1e-12)
    np.testing.assert_array_equal(fitted.elbo(images), all_rows)
    assert (fitted.elbo(images, random_state=1) != all_rows).all()


def test_history_holds_the_parts_of_the_loss(images, fitted):
    for entry in fitted.history_:
        assert entry["loss"] == pytest.approx(entry["reconstruction"] + entry["kl"], rel=1e-5)
    heavy = VariationalAutoencoder(beta=8.0, epochs=30, validation_fraction=0.1, random_state=0).fit(images)
    last = heavy.history_[-1]
    assert last["loss"] == pytest.approx(last["reconstruction"] + 8 * last["kl"], rel=1e-5)
    assert last["validation_loss"] == pytest.approx(
        last["validation_reconstruction"] + 8 * last["validation_kl"], rel=1e-5
    )
    # A heavier divergence is smaller, and costs reconstruction.
    assert last["kl"] < 0.7 * fitted.history_[-1]["kl"]
    assert last["reconstruction"] > fitted.history_[-1]["reconstruction"]


def test_it_learns_and_the_aggregate_posterior_is_near_the_prior(images, fitted):
    mean_image = np.square(images / 255 - (images / 255).mean(axis=0)).sum(axis=(1, 2)).mean()
    assert fitted.history_[-1]["loss"] < 0.9 * mean_image
    assert -fitted.score(images) * 784 < 0.8 * mean_image
    latent = fitted.transform(images)
    assert np.abs(latent.mean(axis=0)).max() < 0.7
    assert 0.4 < latent.std(axis=0).min() < latent.std(axis=0).max() < 1.8


def test_samples_are_decoded_draws_of_the_prior(images, fitted):
    draws = fitted.sample(6, random_state=4)
    np.testing.assert_array_equal(draws, fitted.sample(6, random_state=4))
    assert (fitted.sample(6) != fitted.sample(6)).any()
    assert draws.shape == (6, 28, 28)
    assert draws.dtype == np.uint8
    # Their latent vectors: encoded again they spread as the prior does.
    latent = fitted.transform(fitted.sample(2000, random_state=0))
    assert stats.kstest(latent[:, 0], "norm").statistic < 0.2


def test_interpolation_runs_from_reconstruction_to_reconstruction(images, fitted):
    path = fitted.interpolate(images[0], images[1], 7)
    assert path.shape == (7, 28, 28)
    np.testing.assert_array_equal(path[[0, -1]], fitted.reconstruct(images[:2]))
    ends = fitted.transform(images[:2])
    np.testing.assert_array_equal(path[3], fitted.inverse_transform(ends.mean(axis=0)[None])[0])
    rows = clone(fitted).set_params(epochs=1).fit(images.reshape(len(images), -1))
    assert rows.interpolate(images[0].ravel(), images[1].ravel(), 3, method="spherical").shape == (3, 784)


def test_spherical_paths_keep_angles_and_lengths():
    start, end = np.array([3.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0])
    path = latent_path(start, end, 5, "spherical")
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3.0)
    angles = np.degrees(np.arctan2(path[:, 1], path[:, 0]))
    np.testing.assert_allclose(angles, [0, 22.5, 45, 67.5, 90])
    for other in (np.zeros(3), 2 * start, -start):  # no great circle, or not a single one: straight
        np.testing.assert_allclose(latent_path(start, other, 3, "spherical")[1], (start + other) / 2)
    with pytest.raises(ValueError, match="Unknown method: 'sperical'"):
        latent_path(start, end, 5, "sperical")
    with pytest.raises(ValueError, match="n_steps must be an int of at least 2, got 1"):
        latent_path(start, end, 1)
    with pytest.raises(ValueError, match="one length"):
        latent_path(start, end[:2], 3)


def test_binary_images_by_cross_entropy(images):
    X = (images > 127).astype(np.uint8) * 255
    model = VariationalAutoencoder("convolutional", loss="bce", widths=(8, 16), latent_dim=4, epochs=5, random_state=0)
    model.fit(X)
    # Bernoulli log probabilities are never positive, and better than those of the mean image.
    p = np.clip((X / 255).mean(axis=0), 1e-3, 1 - 1e-3)
    best_constant = (X / 255 * np.log(p) + (1 - X / 255) * np.log(1 - p)).sum(axis=(1, 2)).mean()
    assert model.log_likelihood(X, n_draws=20).max() < 0
    assert model.log_likelihood(X, n_draws=20).mean() > best_constant


def test_own_modules(images):
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 6))
    decoder = torch.nn.Sequential(torch.nn.Linear(3, 784), torch.nn.Unflatten(1, (1, 28, 28)))
    model = VariationalAutoencoder((encoder, decoder), epochs=1, random_state=0).fit(images)
    assert model.transform(images).shape == (len(images), 3)
    odd = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 5))
    with pytest.raises(ValueError, match="architecture"):
        VariationalAutoencoder((odd, decoder), epochs=1).fit(images)


def test_resumed_equals_uninterrupted(images, tmp_path):
    model = VariationalAutoencoder(epochs=4, random_state=3)
    straight = clone(model).fit(images)
    clone(model).fit(
        images, checkpoint=Checkpoint(tmp_path, every=5, unit="steps"), hooks=(lambda t, entry: entry["epoch"] == 2,)
    )
    middle = sorted(tmp_path.iterdir())[0]  # in the middle of an epoch
    resumed = clone(model).fit(images, resume=middle, hooks=(lambda t, entry: False,))
    for a, b in zip(straight.encoder_.parameters(), resumed.encoder_.parameters()):
        assert torch.equal(a, b)
    assert [entry["kl"] for entry in straight.history_] == [entry["kl"] for entry in resumed.history_]


def test_bad_input_is_named(images, fitted):
    with pytest.raises(ValueError, match="beta must be a number of at least 0"):
        VariationalAutoencoder(beta=-1).fit(images)
    with pytest.raises(ValueError, match="n_draws must be an int of at least 1, got 0"):
        fitted.elbo(images, n_draws=0)
    with pytest.raises(ValueError, match="latent_dim must be an int"):
        VariationalAutoencoder(latent_dim=None).fit(images)
    with pytest.raises(ValueError, match="at least 2 rows"):
        VariationalAutoencoder().fit(images[:1])
