"""The GAN as an estimator: it repeats, resumes, continues, keeps rows apart, and learns."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from toolkit.datasets import load_glyphs
from toolkit.exceptions import DivergenceError
from toolkit.generators import GAN
from toolkit.nn import Checkpoint

SMALL = {
    "preset": "plain",  # what is tested is added to it
    "generator_widths": (16,),
    "discriminator_widths": (16,),
    "latent_dim": 5,
    "epochs": 3,
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def images():
    return load_glyphs(n_samples=70, random_state=0).images


def small(**params):
    return GAN(**{**SMALL, "random_state": 0, **params})


def weights(gan):
    return [*gan.generator_.state_dict().values(), *gan.discriminator_.state_dict().values()]


def assert_same_fit(first, second):
    assert len(weights(first)) == len(weights(second))
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second)))
    np.testing.assert_array_equal(first.sample(9, random_state=3), second.sample(9, random_state=3))
    drop = {"seconds"}
    for a, b in zip(first.history_, second.history_, strict=True):
        assert {key: a[key] for key in a.keys() - drop} == {key: b[key] for key in b.keys() - drop}


EVERYTHING = {
    "objective": "relativistic",
    "packing": 2,
    "gradient_penalty": "r1r2",
    "generator_norm": "batch",
    "spectral_norm": True,
    "minibatch_std": True,
    "dropout": 0.2,
    "instance_noise": 0.1,
    "weight_averaging": 0.9,
    "lr_schedule": "cosine",
    "label_smoothing": 0.1,
    "penalty_interval": 2,
    "critic_steps": 2,
    "latent_distribution": "uniform",
    "precision": "bfloat16",
    "snapshot_epochs": (1, 3),
}


@pytest.mark.parametrize("params", [{}, EVERYTHING], ids=["plain", "everything"])
def test_fits_repeat_also_two_at_a_time(images, params):
    expected = [small(**params, random_state=seed).fit(images) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda seed: small(**params, random_state=seed).fit(images), (0, 1)))
    for a, b in zip(expected, found):
        assert_same_fit(a, b)
    assert not torch.equal(weights(expected[0])[0], weights(expected[1])[0])


@pytest.mark.parametrize("params", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_killed_fit_goes_on_bitwise(images, params, tmp_path):
    class Killed(Exception):
        pass

    def kill(trainer, entry):
        if entry["epoch"] == 2:
            raise Killed

    whole = small(**params).fit(images)
    with pytest.raises(Killed):
        small(**params).fit(images, checkpoint=Checkpoint(tmp_path / "run", every=3, unit="steps"), hooks=[kill])
    again = Checkpoint(tmp_path / "run", every=3, unit="steps")
    resumed = small(**params).fit(images, checkpoint=again, resume=True, hooks=[lambda trainer, entry: None])
    assert_same_fit(whole, resumed)
    assert whole.snapshots_.keys() == resumed.snapshots_.keys()
    for epoch, snapshot in whole.snapshots_.items():
        np.testing.assert_array_equal(snapshot, resumed.snapshots_[epoch])


@pytest.mark.parametrize("params", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_hook_draws_from_the_generator_as_it_is_then(images, params):
    """What it draws is what a fit that ended there would draw, and the training does not notice."""
    drawn = {}

    class Drawing:
        def __init__(self, end=None):
            self.end = end

        def __call__(self, trainer, entry):
            drawn["epoch"] = trainer.sample(4, random_state=7)

        def after_step(self, trainer, step):
            drawn[step] = trainer.sample(4, random_state=7)
            return step == self.end

    stopped = small(**params, max_steps=8).fit(images, hooks=[Drawing(end=3)])
    np.testing.assert_array_equal(drawn[3], stopped.sample(4, random_state=7))
    watched = small(**params, max_steps=8).fit(images, hooks=[Drawing()])
    assert_same_fit(watched, small(**params, max_steps=8).fit(images))
    np.testing.assert_array_equal(drawn["epoch"], watched.sample(4, random_state=7))
    np.testing.assert_array_equal(drawn[3], stopped.sample(4, random_state=7))
    assert (drawn[3] != drawn[8]).any()


def test_a_hook_cannot_draw_from_weights_that_are_not_finite(images):
    def spoil(trainer, entry):
        with torch.no_grad():
            next(trainer.generator.parameters()).fill_(np.nan)
        trainer.sample(2)

    with pytest.raises(DivergenceError, match="no longer finite at step 5"):
        small().fit(images, hooks=[spoil])


def test_partial_fit_is_fit_in_parts(images):
    """Two passes from nothing equal two passes of one trainer: the optimisers' memory is carried over."""
    gan = small().partial_fit(images).partial_fit(images)
    assert [entry["epoch"] for entry in gan.history_] == [1, 2]
    assert [entry["step"] for entry in gan.history_] == [5, 10]
    moments = gan.training_state_["generator_optimiser"]["0"]
    assert float(moments["step"]) == 10
    again = pickle.loads(pickle.dumps(small().partial_fit(images))).partial_fit(images)
    assert_same_fit(gan, again)
    fitted = small().fit(images)
    before = weights(fitted)[0].clone()
    fitted.partial_fit(images)
    assert float(fitted.training_state_["generator_optimiser"]["0"]["step"]) == 20
    assert not torch.equal(before, weights(fitted)[0])


@pytest.mark.parametrize(
    "params", [{}, {"generator_norm": "batch", "weight_averaging": 0.9}], ids=["plain", "averaged"]
)
def test_rows_of_generate_do_not_know_each_other(images, params):
    gan = small(**params).fit(images / 255.0)
    z = gan.latents(200, random_state=1)
    whole = gan.generate(z)
    order = np.random.default_rng(0).permutation(200)
    np.testing.assert_allclose(gan.generate(z[order]), whole[order], atol=1e-6)
    for place in (0, 77, 199):
        np.testing.assert_array_equal(gan.generate(z[place : place + 1])[0], whole[place])


def test_scores_of_a_packing_discriminator_do_not_know_their_neighbours(images):
    gan = small(packing=3, minibatch_std=True).fit(images)
    whole = gan.discriminator_score(images)
    assert whole.shape == (70,)
    np.testing.assert_array_equal(gan.discriminator_score(images[5:6]), whole[5:6])


def test_samples_come_as_the_data_did(images):
    for X in (images, images.reshape(70, -1), images / 255.0, np.repeat(images[..., None], 3, axis=3) * 1.5 - 7):
        gan = small(epochs=1).fit(X)
        drawn = gan.sample(4, random_state=0)
        assert drawn.shape == (4, *X.shape[1:])
        assert drawn.dtype == X.dtype
        assert drawn.min() >= X.min()
        assert drawn.max() <= X.max()
    assert not np.array_equal(gan.sample(4), gan.sample(4))  # None draws afresh


def test_tables_have_a_range_for_each_column():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(1000, 1, 200), rng.normal(0, 1e-3, 200), np.full(200, 4.0)])
    drawn = small(max_steps=20).fit(X).sample(50, random_state=0)
    assert (drawn >= X.min(axis=0)).all()
    assert (drawn[:, :2] <= X[:, :2].max(axis=0)).all()
    assert (drawn[:, :2].std(axis=0) > 0).all()
    assert small(scaling="pixels", max_steps=2).fit(X).column_range_ is None


def test_learns_a_normal_distribution():
    covariance = np.array([[1.0, 0.6], [0.6, 0.8]])
    X = np.random.default_rng(0).multivariate_normal([3.0, -2.0], covariance, size=4000)
    gan = GAN(
        objective="relativistic",
        gradient_penalty="r1r2",
        penalty_weight=1.0,
        generator_norm="batch",
        weight_averaging=0.99,
        latent_dim=8,
        generator_widths=(32, 32),
        discriminator_widths=(32, 32),
        learning_rate=2e-3,
        betas=(0.0, 0.99),
        lr_schedule="linear",
        max_steps=1000,
        random_state=0,
    ).fit(X)
    drawn = gan.sample(4000, random_state=1)
    np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.15)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(X.T), atol=0.25)


def test_discriminator_scores_real_rows_above_noise(images):
    gan = small(epochs=20, learning_rate=2e-3).fit(images)
    noise = np.random.default_rng(0).integers(0, 256, images.shape).astype(np.uint8)
    assert gan.discriminator_score(images).mean() > gan.discriminator_score(noise).mean() + 1


def test_paths_start_and_end_where_asked(images):
    gan = small().fit(images)
    path = gan.interpolate(3, 8, 5)
    assert path.shape == (5, 28, 28)
    np.testing.assert_array_equal(path[0], gan.sample(random_state=3)[0])
    np.testing.assert_array_equal(path[-1], gan.sample(random_state=8)[0])
    start, end = gan.latents(2, random_state=0)
    middle = gan.interpolate(start, end, 3, method="linear")[1]
    np.testing.assert_array_equal(middle, gan.generate([(start + end) / 2])[0])


def test_snapshots_show_the_same_latents_grow(images):
    gan = small(snapshot_epochs=(1, 3, 9), n_snapshot_samples=4).fit(images)
    assert list(gan.snapshots_) == [1, 3]
    assert gan.snapshots_[1].shape == (4, 28, 28)
    assert gan.snapshots_[1].dtype == np.uint8
    assert not np.array_equal(gan.snapshots_[1], gan.snapshots_[3])


def test_many_fits_are_each_their_single_one(images):
    grid = {"objective": ["hinge", "least_squares"]}
    fits = small(epochs=2).fit_many(images, seeds=[4, 5], param_grid=grid, n_jobs=2)
    assert fits[["objective", "seed"]].values.tolist() == [
        ["hinge", 4],
        ["hinge", 5],
        ["least_squares", 4],
        ["least_squares", 5],
    ]
    for row in fits.itertuples():
        assert_same_fit(small(epochs=2, objective=row.objective, random_state=row.seed).fit(images), row.estimator)


def test_divergence_is_an_error_or_a_finding(images):
    wild = small(learning_rate=1e30)
    with pytest.raises(DivergenceError, match="diverged at step"):
        wild.fit(images)
    fits = wild.fit_many(images, seeds=[0], n_jobs=1, on_error="record")
    assert fits["estimator"].tolist() == [None]
    assert "diverged" in fits["error"][0]


def test_own_networks(images):
    class Own(torch.nn.Module):
        def __init__(self, n_in, n_out):
            super().__init__()
            self.layer = torch.nn.Linear(n_in, n_out)

        def forward(self, x):
            return self.layer(x.flatten(1))

    pair = (torch.nn.Sequential(Own(5, 784), torch.nn.Tanh()), Own(2 * 784, 1))
    start = pair[0][0].layer.weight.clone()
    gan = small(architecture=pair, packing=2).fit(images)
    assert gan.sample(3).shape == (3, 28, 28)
    assert torch.equal(pair[0][0].layer.weight, start)  # copied, not trained in place
    with pytest.raises(ValueError, match=r"architecture.*\(1, 28, 28\)"):
        small(architecture=(pair[0], Own(3, 1))).fit(images)
    with pytest.raises(ValueError, match="architecture"):
        small(architecture=3).fit(images)


@pytest.mark.parametrize("architecture", ["dcgan", "resnet"])
def test_convolutional_pairs_fit(images, architecture):
    gan = GAN(architecture, generator_widths=(8, 4), discriminator_widths=(4, 8), epochs=1, random_state=0)
    gan.set_params(latent_dim=5, generator_norm="batch", gradient_penalty="r1").fit(images)
    assert gan.sample(3, random_state=0).shape == (3, 28, 28)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("architecture", "mpl", "Did you mean 'mlp'"),
        ("objective", "gan", "Unknown objective"),
        ("gradient_penalty", "r3", "Unknown gradient_penalty"),
        ("latent_distribution", "gauss", "Unknown latent_distribution"),
        ("lr_schedule", "step", "Unknown lr_schedule"),
        ("generator_norm", "layer", "generator_norm"),
        ("latent_dim", 0, "latent_dim"),
        ("packing", 1.5, "packing"),
        ("epochs", 0, "epochs"),
        ("max_steps", -1, "max_steps"),
        ("critic_steps", 0, "critic_steps"),
        ("penalty_interval", 0, "penalty_interval"),
        ("dropout", 1.0, "dropout"),
        ("weight_averaging", 1.0, "weight_averaging"),
        ("label_smoothing", 0.9, "label_smoothing"),
        ("instance_noise", -0.1, "instance_noise"),
        ("penalty_weight", float("nan"), "penalty_weight"),
        ("learning_rate", 0.0, "learning_rate"),
        ("discriminator_learning_rate", "fast", "discriminator_learning_rate"),
        ("betas", (0.5, 1.0), "betas"),
        ("discriminator_betas", 0.5, "discriminator_betas"),
        ("generator_widths", (0,), "generator_widths"),
        ("discriminator_widths", 4, "discriminator_widths"),
        ("precision", "float16", "precision"),
        ("scaling", "rows", "scaling"),
        ("snapshot_epochs", (1.5,), "snapshot_epochs"),
        ("n_snapshot_samples", 0, "n_snapshot_samples"),
    ],
)
def test_bad_parameters_are_named(images, name, value, message):
    with pytest.raises(ValueError, match=message):
        small(**{name: value}).fit(images)


def test_parameters_that_exclude_each_other(images):
    with pytest.raises(ValueError, match=r"label_smoothing.*'hinge'"):
        small(objective="hinge", label_smoothing=0.1).fit(images)
    gan = small().fit(images)
    with pytest.raises(ValueError, match=r"z must have latent_dim=5 values a row, got 4"):
        gan.generate(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="n_samples"):
        gan.sample(0)
    with pytest.raises(ValueError, match="seeds"):
        gan.fit_many(images, seeds=[])
    with pytest.raises(ValueError, match="on_error"):
        gan.fit_many(images, on_error="ignore")


def test_the_house_example(images):
    gan = GAN(architecture="mlp", objective="nonsaturating", random_state=0, epochs=1).fit(images)
    gan.set_params(objective="relativistic", packing=2, gradient_penalty="r1", generator_norm="batch").fit(images)
    assert gan.sample(10, random_state=1).shape == (10, 28, 28)
    assert "gradient_penalty" in gan.history_[-1]
