"""Presets of a GAN: what is given wins, what is in force is said, and lengths by the clock."""

import time
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from toolkit.datasets import load_digits
from toolkit.exceptions import CheckpointError
from toolkit.generators import GAN, GAN_PRESETS, ConditionalGAN, gan_preset, gan_presets, gan_settings
from toolkit.generators.adversarial import ARCHITECTURES, LATENTS, OBJECTIVES, PENALTIES, SCHEDULES
from toolkit.nn import Checkpoint, EarlyStopping, fit_loop

IMAGES = load_digits().images[:70]


def test_every_preset_says_its_paper_and_names_what_there_is():
    table = gan_presets().set_index("preset")
    assert list(table.index) == list(GAN_PRESETS)
    for name in GAN_PRESETS:
        settings = gan_preset(name)
        assert settings["architecture"] in ARCHITECTURES
        assert settings["objective"] in OBJECTIVES
        assert settings["latent_distribution"] in LATENTS
        assert settings["lr_schedule"] in SCHEDULES
        assert settings["gradient_penalty"] in (None, *PENALTIES)
        assert set(GAN_PRESETS[name].settings) <= set(GAN().get_params())
        assert any(year in table.loc[name, "paper"] for year in map(str, range(2014, 2026)))


@pytest.mark.parametrize("name", list(GAN_PRESETS))
def test_every_preset_fits(name):
    gan = GAN(preset=name, max_steps=2, batch_size=16, random_state=0).fit(IMAGES)
    assert gan.settings_["objective"] == gan_preset(name)["objective"]
    assert gan.settings_["batch_size"] == 16
    assert gan.sample(3, random_state=0).shape == (3, 28, 28)


def test_the_plain_preset_is_what_the_defaults_once_were():
    once = {
        "architecture": "mlp",
        "objective": "nonsaturating",
        "latent_dim": 100,
        "generator_norm": "none",
        "batch_size": 64,
        "learning_rate": 0.0002,
        "betas": (0.5, 0.999),
        "lr_schedule": "constant",
        "critic_steps": 1,
    }
    by_name = GAN(preset="plain", epochs=1, random_state=0).fit(IMAGES)
    spelt = GAN(preset="plain", **once, epochs=1, random_state=0).fit(IMAGES)
    assert by_name.settings_ == spelt.settings_
    np.testing.assert_array_equal(by_name.sample(4, random_state=1), spelt.sample(4, random_state=1))


def test_what_is_given_wins_and_what_belongs_together_gives_way_together():
    assert gan_settings(GAN(preset="wgan_gp", critic_steps=2))["critic_steps"] == 2
    assert gan_settings(GAN())["gradient_penalty"] == "r1"
    assert gan_settings(GAN(gradient_penalty="none"))["gradient_penalty"] is None
    assert gan_settings(GAN(weight_averaging=0))["weight_averaging"] is None
    # Widths of dense layers are no channels, an objective that bounds its critic needs no other bound.
    assert gan_settings(GAN("dcgan"))["generator_widths"] is None
    assert gan_settings(GAN("mlp"))["generator_widths"] == gan_preset("modern")["generator_widths"]
    assert gan_settings(GAN(objective="wasserstein_gp"))["gradient_penalty"] is None
    assert gan_settings(GAN(objective="hinge"))["gradient_penalty"] == "r1"
    assert gan_settings(GAN(preset="textbook", objective="hinge"))["label_smoothing"] == 0.0


def test_parameters_stay_as_they_were_given():
    gan = GAN(preset="wgan_gp", latent_dim=7, max_steps=1)
    before = gan.get_params()
    gan.fit(IMAGES)
    assert gan.get_params() == before
    assert gan.latents(2).shape == (2, 7)
    assert clone(gan).get_params() == before
    gan.set_params(preset="plain", latent_dim=None).fit(IMAGES)
    assert gan.settings_["latent_dim"] == 100
    assert gan.latents(2).shape == (2, 100)


def test_what_was_fitted_is_not_changed_by_parameters_set_later():
    gan = GAN(latent_dim=7, max_steps=1, random_state=0).fit(IMAGES)
    before = gan.sample(3, random_state=0)
    gan.set_params(latent_dim=9, preset="plain")
    np.testing.assert_array_equal(gan.sample(3, random_state=0), before)


def test_a_grid_may_search_over_presets():
    search = GridSearchCV(
        GAN(max_steps=1, random_state=0),
        {"preset": ["plain", "modern"]},
        cv=2,
        scoring=lambda gan, X, y=None: -abs(gan.sample(5, random_state=0).mean() - X.mean()),
    ).fit(IMAGES)
    assert search.best_params_["preset"] in ("plain", "modern")


@pytest.mark.parametrize("estimator", [GAN, ConditionalGAN])
def test_an_unknown_preset_is_named_with_those_there_are(estimator):
    with pytest.raises(ValueError, match=r"Unknown preset.*'best'.*modern.*wgan_gp"):
        estimator(preset="best").fit(IMAGES, np.arange(len(IMAGES)) % 3)


def test_a_conditional_gan_has_presets_too():
    labels = np.arange(len(IMAGES)) % 3
    gan = ConditionalGAN(preset="wgan_gp", max_steps=2, random_state=0).fit(IMAGES, labels)
    assert gan.settings_["objective"] == "wasserstein_gp"
    assert gan.sample(4, y=1).shape == (4, 28, 28)
    with pytest.raises(ValueError, match="Unknown architecture"):
        ConditionalGAN("cnn").fit(IMAGES, labels)


def test_default_length_grows_with_the_set_up_to_a_bound():
    small = GAN(random_state=0)
    assert small.fit(IMAGES).settings_["epochs"] == 10
    from toolkit.generators._presets import default_epochs

    steps = [default_epochs(n, 64) * -(-n // 64) for n in (500, 2000, 20_000, 60_000)]
    assert steps == sorted(steps)
    assert all(count >= 2000 for count in steps[2:])


def test_seconds_end_a_training_and_schedules_follow_the_clock():
    rates = []

    class Watch:
        def after_step(self, trainer, step):
            rates.append(trainer.optimisers[0].learning_rate)

        def __call__(self, trainer, entry):
            return False

    start = time.perf_counter()
    gan = GAN(max_seconds=1.0, batch_size=16, random_state=0).fit(IMAGES, hooks=[Watch()])
    assert 0.9 < time.perf_counter() - start < 20
    assert gan.settings_["max_seconds"] == 1.0
    assert gan.settings_["epochs"] is None
    assert gan.history_[-1]["seconds"] > 0.5  # of its last epoch's end, which may come a little before the clock's
    # Half a cosine of the time that is gone: falling all the way, to nearly nothing.
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 0.9e-3
    if len(rates) > 20:
        assert rates[-1] < 0.2e-3


def test_the_first_of_two_lengths_ends_a_training():
    assert GAN(max_seconds=1000.0, max_steps=3, random_state=0).fit(IMAGES).history_[-1]["step"] == 3
    assert GAN(max_seconds=1e-9, max_steps=50, random_state=0).fit(IMAGES).history_[-1]["step"] == 1


def test_a_training_by_the_clock_is_resumed_with_what_is_left(tmp_path):
    folder = Checkpoint(tmp_path, every=1, unit="steps")
    short = GAN(max_seconds=0.2, random_state=0).fit(IMAGES, checkpoint=folder)
    longer = GAN(max_seconds=2.0, random_state=0).fit(IMAGES, checkpoint=folder, resume=True)
    # An epoch that the clock cuts short has no entry of its own.
    assert longer.history_[-1]["seconds"] > short.history_[-1]["seconds"]
    assert longer.history_[-1]["step"] > short.history_[-1]["step"]
    with pytest.raises(CheckpointError, match="learning_rate"):
        GAN(max_seconds=0.9, learning_rate=0.1, random_state=0).fit(IMAGES, checkpoint=folder, resume=True)


def test_a_preset_by_name_and_spelt_out_are_one_training(tmp_path):
    folder = Checkpoint(tmp_path)
    GAN(preset="plain", epochs=1, random_state=0).fit(IMAGES, checkpoint=folder)
    spelt = {name: value for name, value in gan_preset("plain").items() if value is not None}
    off = {"gradient_penalty": "none", "weight_averaging": 0.0, "generator_widths": (256, 512, 1024)}
    whole = GAN(preset="plain", epochs=2, random_state=0).fit(IMAGES)
    resumed = GAN(preset="pacgan", **spelt, epochs=2, random_state=0)
    resumed.fit(IMAGES, checkpoint=folder, resume=True)
    np.testing.assert_array_equal(whole.sample(3, random_state=0), resumed.sample(3, random_state=0))
    assert gan_settings(GAN(**spelt | off))["gradient_penalty"] is None
    with pytest.raises(CheckpointError, match="was .*, here"):
        GAN(epochs=2, random_state=0).fit(IMAGES, checkpoint=folder, resume=True)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "long"])
def test_seconds_that_are_none_are_refused(seconds):
    with pytest.raises(ValueError, match="max_seconds"):
        GAN(max_seconds=seconds).fit(IMAGES)
    with pytest.raises(ValueError, match="seconds"):
        fit_loop(object(), np.zeros((3, 1)), seconds=seconds, generator=np.random.default_rng(0))


def test_stopping_by_the_loss_of_a_gan_warns():
    with pytest.warns(UserWarning, match="EarlyStopping.*'generator_loss'.*CoverageMonitor"):
        GAN(max_steps=1, random_state=0).fit(IMAGES, hooks=[EarlyStopping("generator_loss")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GAN(max_steps=1, random_state=0).fit(IMAGES)
