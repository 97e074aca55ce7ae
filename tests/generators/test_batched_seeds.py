"""Seeds trained as one network are those of single trainings, to rounding."""

import numpy as np
import pytest

from toolkit.datasets import load_digits, load_ring
from toolkit.exceptions import DivergenceError
from toolkit.generators import GAN, ConditionalGAN

SMALL = {"generator_widths": (16,), "discriminator_widths": (16,), "max_steps": 9, "snapshot_epochs": (1,)}
SEEDS = [3, 1, 7]


def images(n=150):
    return load_digits().images[:n, 4:24:2, 4:24:2]


def both(parameters, X=None, seeds=SEEDS):
    X = images() if X is None else X
    gan = GAN(**SMALL | parameters)
    return gan.fit_many(X, seeds=seeds, n_jobs=1), gan.fit_many(X, seeds=seeds, batched=True)


@pytest.mark.parametrize(
    "parameters",
    [
        {"generator_norm": "none"},
        {"preset": "plain", "batch_size": 32},
        {"preset": "textbook"},
        {"preset": "wgan"},
        {"preset": "wgan_gp"},
        {"generator_norm": "none", "objective": "relativistic", "packing": 2, "instance_noise": 0.2},
        {"generator_norm": "none", "gradient_penalty": "r1r2", "critic_steps": 2, "latent_distribution": "corners"},
        {"generator_norm": "none", "gradient_penalty": "zero_centred", "penalty_interval": 3},
    ],
    ids=lambda parameters: "-".join(map(str, parameters.values())),
)
def test_each_seed_is_its_own_single_training_to_rounding(parameters):
    alone, together = both(parameters)
    assert together["seed"].tolist() == SEEDS
    for one, other in zip(alone["estimator"], together["estimator"]):
        for network in ("generator_", "discriminator_"):
            expected, found = (getattr(gan, network).state_dict() for gan in (one, other))
            assert list(expected) == list(found)
            for name in expected:
                np.testing.assert_allclose(found[name], expected[name], atol=2e-5)
        assert [list(entry) for entry in one.history_] == [list(entry) for entry in other.history_]
        for entry, own in zip(one.history_, other.history_):
            names = [name for name in entry if name != "seconds"]
            np.testing.assert_allclose([own[name] for name in names], [entry[name] for name in names], atol=1e-4)
        assert np.abs(one.snapshots_[1].astype(int) - other.snapshots_[1]).max() <= 1
        np.testing.assert_array_equal(one.training_state_["random"], other.training_state_["random"])
        assert one.get_params() == other.get_params()


def test_batch_norm_agrees_in_what_is_drawn():
    """Biases before a batch norm have no gradient but rounding, which Adam makes steps of; nothing shows of them."""
    alone, together = both({})
    for one, other in zip(alone["estimator"], together["estimator"]):
        drawn = [gan.sample(20, random_state=0).astype(int) for gan in (one, other)]
        assert np.abs(drawn[0] - drawn[1]).max() <= 3
        assert drawn[0].std() > 0


def test_a_replica_can_be_trained_on():
    alone, together = both({"generator_norm": "none"})
    for one, other in zip(alone["estimator"], together["estimator"]):
        expected, found = (gan.partial_fit(images()).sample(5, random_state=0).astype(int) for gan in (one, other))
        assert np.abs(expected - found).max() <= 2


def test_rows_of_a_table_and_grids():
    points = load_ring(120, random_state=0).points
    gan = GAN(**SMALL)
    fits = gan.fit_many(points, seeds=[0, 1], param_grid={"objective": ["hinge", "relativistic"]}, batched=True)
    assert fits[["objective", "seed"]].values.tolist() == [
        ["hinge", 0],
        ["hinge", 1],
        ["relativistic", 0],
        ["relativistic", 1],
    ]
    single = GAN(**SMALL, objective="relativistic", random_state=1).fit(points).sample(6, random_state=0)
    np.testing.assert_allclose(fits["estimator"][3].sample(6, random_state=0), single, atol=1e-3)


def test_one_that_diverges_leaves_the_others_alone(monkeypatch):
    from toolkit.generators.adversarial import _batched

    usual = _batched.BatchedTrainer.train_step

    def poisoned(self, batch):
        if self.step == 4:
            self.discriminator.parameters[0].data[1].fill_(float("nan"))
        return usual(self, batch)

    gan = GAN(**SMALL, generator_norm="none")
    sound = gan.fit_many(images(), seeds=SEEDS, batched=True)
    monkeypatch.setattr(_batched.BatchedTrainer, "train_step", poisoned)
    fits = gan.fit_many(images(), seeds=SEEDS, batched=True, on_error="record")
    assert fits["estimator"][1] is None
    assert "step 5" in fits["error"][1]
    assert fits["error"].isna().tolist() == [True, False, True]
    for place in (0, 2):
        drawn = [table["estimator"][place].sample(5, random_state=0) for table in (sound, fits)]
        np.testing.assert_array_equal(*drawn)
    with pytest.raises(DivergenceError, match="step 5"):
        gan.fit_many(images(), seeds=SEEDS, batched=True)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"architecture": "dcgan"}, "architecture must be 'mlp'"),
        ({"spectral_norm": True}, "spectral_norm must be off"),
        ({"minibatch_std": True}, "minibatch_std must be off"),
        ({"max_seconds": 1.0, "max_steps": None}, "max_seconds must be None"),
    ],
)
def test_what_is_not_batched_is_said(parameters, message):
    widths = {} if parameters.get("architecture") else {"generator_widths": (8,), "discriminator_widths": (8,)}
    gan = GAN(**({"max_steps": 2} | widths | parameters))
    with pytest.raises(ValueError, match=message):
        gan.fit_many(load_digits().images[:40], seeds=[0, 1], batched=True)


def test_one_with_labels_is_trained_one_at_a_time():
    with pytest.raises(ValueError, match="batched=True is for GAN"):
        ConditionalGAN().fit_many(images(30), [0, 1, 2] * 10, seeds=[0], batched=True)


@pytest.mark.parametrize(
    "settings", [{"n_categories": 3}, {"unrolled_steps": 2}, {"feature_matching": 1.0}, {"augmentation": "color"}]
)
def test_what_has_no_batched_form_is_refused_not_left_out(settings):
    rows = np.random.default_rng(0).random((40, 64))
    with pytest.raises(ValueError, match="batched=True"):
        GAN("mlp", epochs=1, **settings).fit_many(rows, seeds=[0, 1], batched=True)
