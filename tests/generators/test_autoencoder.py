"""Autoencoder: what it rebuilds, what it draws, and what it refuses."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline

from toolkit.datasets import load_glyphs
from toolkit.generators import Autoencoder
from toolkit.generators._density import fit_density, sample_density
from toolkit.nn import Checkpoint, has_native_bfloat16


@pytest.fixture(scope="module")
def images():
    return load_glyphs(n_samples=300, classes="0123456789", random_state=0).images


@pytest.fixture(scope="module")
def fitted(images):
    return Autoencoder(epochs=40, random_state=0).fit(images)


@pytest.fixture(scope="module")
def table():
    """Rows near a plane in ten dimensions, with columns of their own scales."""
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(400, 2)) * [3, 1] @ generator.normal(size=(2, 10))
    return plane + 0.3 * generator.normal(size=plane.shape) + 5


def test_a_linear_autoencoder_reaches_the_error_of_pca(table):
    """Baldi and Hornik (1989): the best linear autoencoder spans the principal components."""
    linear = Autoencoder(
        hidden_sizes=(), activation="identity", output="identity", epochs=200, learning_rate=0.05, random_state=0
    ).fit(table)
    pca = PCA(n_components=2).fit(table)
    error = np.square(table - linear.reconstruct(table)).mean()
    best = np.square(table - pca.inverse_transform(pca.transform(table))).mean()
    assert best <= error < 1.02 * best
    # Its latent space is a linear map of the principal components.
    latent, components = linear.transform(table), pca.transform(table)
    latent = latent - latent.mean(axis=0)
    unexplained = latent - components @ np.linalg.lstsq(components, latent, rcond=None)[0]
    assert unexplained.var() < 0.01 * latent.var()


def test_it_rebuilds_better_than_as_many_principal_components(images, fitted):
    rows = images.reshape(len(images), -1) / 255
    pca = PCA(n_components=2).fit(rows)
    best_linear = np.square(rows - pca.inverse_transform(pca.transform(rows))).mean()
    error = np.square(images / 255 - fitted.reconstruct(images) / 255).mean()
    assert error < 0.85 * best_linear
    assert fitted.history_[-1]["loss"] < fitted.history_[0]["loss"]


def test_scores_are_minus_the_mean_squared_error(images, fitted):
    # reconstruct rounds to uint8, half a grey level at most.
    error = np.square(images / 255 - fitted.reconstruct(images) / 255).mean(axis=(1, 2))
    np.testing.assert_allclose(fitted.score_samples(images), -error, atol=1e-3)
    floats = Autoencoder(epochs=1, random_state=0).fit(images / 51.0)
    error = np.square(images / 255.0 - floats.reconstruct(images / 51.0) / 5).mean(axis=(1, 2))
    np.testing.assert_allclose(floats.score_samples(images / 51.0), -error, rtol=1e-5)
    assert floats.score(images / 51.0) == pytest.approx(-error.mean(), rel=1e-5)


def test_odd_images_score_lower(images, fitted):
    noise = np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8)
    assert fitted.score_samples(noise).max() < np.median(fitted.score_samples(images))


def test_there_and_back(images, fitted):
    latent = fitted.transform(images)
    np.testing.assert_array_equal(fitted.inverse_transform(latent), fitted.reconstruct(images))
    assert fitted.get_feature_names_out().tolist() == ["autoencoder0", "autoencoder1"]


@pytest.mark.parametrize("architecture", ["mlp", "convolutional"])
@pytest.mark.parametrize("shape", [(28, 28), (64, 64), (75, 75, 3), (9, 14)])
def test_any_size_grey_and_colour_by_both_architectures(architecture, shape):
    X = np.random.default_rng(0).random((20, *shape)).astype(np.float32) * 7 - 2
    model = Autoencoder(architecture, latent_dim=3, hidden_sizes=(16,), widths=(4, 8), epochs=1, random_state=0).fit(X)
    assert model.transform(X).shape == (20, 3)
    for drawn, n_rows in ((model.reconstruct(X), 20), (model.sample(4, random_state=0), 4)):
        assert drawn.shape == (n_rows, *shape)
        assert drawn.dtype == np.float32
        assert drawn.min() >= X.min()
        assert drawn.max() <= X.max()


def test_the_convolutional_one_learns(images):
    model = Autoencoder("convolutional", widths=(8, 16), latent_dim=8, epochs=15, random_state=0).fit(images)
    assert model.history_[-1]["loss"] < 0.7 * (images / 255).var(axis=0).mean()


def test_own_modules(images):
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 5))
    decoder = torch.nn.Linear(5, 784)
    before = decoder.weight.detach().clone()
    model = Autoencoder((encoder, decoder), epochs=2, random_state=0).fit(images)
    assert model.transform(images).shape == (len(images), 5)
    assert model.sample(2, random_state=0).shape == (2, 28, 28)
    assert (decoder.weight == before).all()  # the caller's modules are not touched
    assert not torch.equal(model.decoder_.weight, before)
    with pytest.raises(ValueError, match=r"architecture must be .* got \[Linear"):
        Autoencoder([decoder]).fit(images)
    with pytest.raises(ValueError, match="architecture does not take images of shape"):
        Autoencoder((torch.nn.Linear(3, 2), decoder)).fit(images)
    with pytest.raises(ValueError, match=r"architecture must lead images .* got \(1, 5\) and \(1, 3\)"):
        Autoencoder((encoder, torch.nn.Linear(5, 3))).fit(images)
    with pytest.raises(ValueError, match="pair of torch modules, got"):
        Autoencoder(("encoder", "decoder")).fit(images)


def test_denoising_beats_plain_on_noisy_images(images):
    """What was trained on noisy input rebuilds noisy images better."""
    noisy = np.clip(images + np.random.default_rng(0).normal(0, 0.4 * 255, images.shape), 0, 255).astype(np.uint8)
    options = {"latent_dim": 16, "epochs": 25, "random_state": 0}
    errors = [
        np.square(Autoencoder(noise=noise, **options).fit(images).reconstruct(noisy) / 255 - images / 255).mean()
        for noise in (0.0, 0.4)
    ]
    assert errors[1] < 0.8 * errors[0]


def test_cross_entropy_is_what_the_score_says(images):
    model = Autoencoder(loss="bce", epochs=2, random_state=0).fit(images / 255)
    X, p = images / 255, np.clip(model.reconstruct(images / 255), 1e-12, 1 - 1e-12)
    expected = (X * np.log(p) + (1 - X) * np.log(1 - p)).mean(axis=(1, 2))
    np.testing.assert_allclose(model.score_samples(X), expected, rtol=1e-4)


def test_validation_rows_are_watched_and_not_learnt_from(images):
    model = Autoencoder(validation_fraction=0.2, epochs=3, random_state=0).fit(images)
    # Some 240 rows in batches of 30: eight steps an epoch.
    assert [entry["step"] for entry in model.history_] == [8, 16, 24]
    assert all(np.isfinite(entry["validation_loss"]) for entry in model.history_)
    assert "validation_loss" not in Autoencoder(epochs=1, random_state=0).fit(images).history_[0]


def test_samples_follow_the_signature_of_kernel_density(images, fitted):
    again = fitted.sample(8, random_state=1)
    np.testing.assert_array_equal(again, fitted.sample(8, random_state=1))
    assert (fitted.sample(8) != fitted.sample(8)).any()
    assert fitted.sample().shape == (1, 28, 28)
    assert again.dtype == np.uint8
    # Drawn digits are as near to real ones as real ones are rebuilt, not noise.
    assert np.median(fitted.score_samples(fitted.sample(200, random_state=0))) > np.median(fitted.score_samples(images))
    rows = Autoencoder(epochs=1, random_state=0).fit(images.reshape(len(images), -1))
    assert rows.sample(3, random_state=0).shape == (3, 784)


def test_samples_keep_within_the_latent_range(fitted):
    wide = clone(fitted)
    wide.__dict__.update(fitted.__dict__)
    wide.density_ = GaussianMixture(1).fit(np.array([[-1e3, -1e3], [1e3, 1e3], [1e3, -1e3]]))
    corners = {
        image.tobytes()
        for image in fitted.inverse_transform(
            np.array([[a, b] for a in fitted.latent_range_[:, 0] for b in fitted.latent_range_[:, 1]])
        )
    }
    drawn = [image.tobytes() in corners for image in wide.sample(100, random_state=0)]
    assert np.mean(drawn) > 0.9


def test_the_mixture_is_chosen_by_bic():
    generator = np.random.default_rng(0)
    clusters = np.concatenate([generator.normal(centre, 0.3, (200, 2)) for centre in ((0, 0), (5, 0), (0, 5), (5, 5))])
    assert fit_density(clusters, "bic", np.random.default_rng(0)).n_components == 4
    assert fit_density(clusters[:200], "bic", np.random.default_rng(0)).n_components == 1
    assert fit_density(clusters, 7, np.random.default_rng(0)).n_components == 7
    assert fit_density(np.zeros((20, 3)), "bic", np.random.default_rng(0)).n_components == 1
    assert fit_density(np.zeros((20, 3)), 5, np.random.default_rng(0)).n_components == 1


@pytest.mark.parametrize("dim", [2, 20])
def test_draws_have_the_moments_of_the_mixture(dim):
    generator = np.random.default_rng(0)
    latent = np.concatenate([generator.normal(0, 1, (500, dim)), generator.normal(4, 0.5, (500, dim))])
    mixture = fit_density(latent, 2, np.random.default_rng(0))
    drawn = sample_density(mixture, 40_000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=0), latent.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T)[:2, :2], np.cov(latent.T)[:2, :2], atol=0.25)
    # In no order: neighbours belong to the same cluster no more often than chance has it.
    upper = drawn.mean(axis=1) > 2
    assert abs((upper[1:] == upper[:-1]).mean() - 0.5) < 0.02


def test_resumed_equals_uninterrupted(images, tmp_path):
    """A fit that is stopped after two epochs and gone on with gives the same weights, bit by bit."""
    model = Autoencoder(epochs=5, noise=0.2, validation_fraction=0.1, random_state=3)
    straight = clone(model).fit(images)

    class Stop(Exception):
        pass

    stops = [3]

    def stop(trainer, entry):
        if entry["epoch"] in stops:
            raise Stop

    with pytest.raises(Stop):
        clone(model).fit(images, checkpoint=Checkpoint(tmp_path / "checkpoints"), hooks=(stop,))
    stops.clear()
    resumed = clone(model).fit(images, checkpoint=Checkpoint(tmp_path / "checkpoints"), resume=True, hooks=(stop,))
    for a, b in zip(straight.decoder_.parameters(), resumed.decoder_.parameters()):
        assert torch.equal(a, b)
    np.testing.assert_array_equal(straight.sample(5, random_state=0), resumed.sample(5, random_state=0))
    assert [entry["loss"] for entry in straight.history_] == [entry["loss"] for entry in resumed.history_]


def test_training_keeps_uint8_and_the_global_generators(images):
    seen = []

    def look(trainer, entry):
        seen.append(entry["step"])

    state, rng = torch.get_rng_state(), np.random.get_state()[1].copy()
    Autoencoder(epochs=2, random_state=0, noise=0.1).fit(images, hooks=(look,))
    assert seen == [9, 18]
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], rng)


def test_sixteen_bits_learn_as_thirty_two_do(images, fitted):
    """Where the processor has them; elsewhere they are 32 bits, and the same."""
    half = clone(fitted).set_params(precision="bfloat16").fit(images)
    assert half.history_[-1]["loss"] == pytest.approx(fitted.history_[-1]["loss"], rel=0.1)
    assert next(half.decoder_.parameters()).dtype == torch.float32
    assert half.transform(images).dtype == np.float64
    if has_native_bfloat16():
        assert half.history_[-1]["loss"] != fitted.history_[-1]["loss"]


def test_it_works_in_a_pipeline(table):
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), Autoencoder(epochs=2, random_state=0)).fit(table)
    assert pipeline.transform(table).shape == (400, 2)
    assert pipeline.score_samples(table).shape == (400,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"architecture": "mpl"}, "Unknown architecture: 'mpl'.*Did you mean 'mlp'"),
        ({"activation": "rellu"}, "Unknown activation: 'rellu'"),
        ({"latent_dim": 0}, "latent_dim must be an int of at least 1, got 0"),
        ({"epochs": 1.5}, "epochs must be an int"),
        ({"batch_size": True}, "batch_size must be an int"),
        ({"n_threads": 0}, "n_threads must be an int"),
        ({"hidden_sizes": 3}, "hidden_sizes must be a tuple of positive ints, got 3"),
        ({"widths": (3, 0)}, "widths must be a tuple"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0.0, got 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"weight_decay": -1}, "weight_decay must be a number of at least 0"),
        ({"noise": float("inf")}, "noise must be a number"),
        ({"noise": 1.5, "noise_kind": "masking"}, "noise must be a number .* at most 1.0, got 1.5"),
        ({"noise_kind": "pink"}, "Unknown noise_kind: 'pink'"),
        ({"loss": "mae"}, "loss must be one of 'mse', 'bce', got 'mae'"),
        ({"output": "softmax"}, "output must be one of 'sigmoid', 'identity'"),
        ({"output": "identity", "loss": "bce"}, "output must be 'sigmoid' for loss='bce'"),
        ({"precision": "float64"}, "precision must be one of"),
        ({"lr_schedule": None}, "lr_schedule must be one of"),
        ({"validation_fraction": 0.9}, "validation_fraction must be a number .* at most 0.5"),
        ({"n_components": "aic"}, "n_components must be an int"),
        ({"image_shape": (28, 29)}, "image_shape"),
        ({"device": "abacus"}, "device must be"),
    ],
)
def test_bad_parameters_are_named(images, parameters, message):
    with pytest.raises(ValueError, match=message):
        Autoencoder(**parameters).fit(images)


def test_bad_input_is_named(images, fitted):
    with pytest.raises(ValueError, match="at least 2 rows.*n_samples = 1"):
        Autoencoder().fit(images[:1])
    with pytest.raises(ValueError, match="2 latent values a row, got 3"):
        fitted.inverse_transform(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="n_samples must be an int of at least 1, got 0"):
        fitted.sample(0)
