"""Pictures while a generator trains: the same latents, whole files, and never an end of the training."""

import warnings

import numpy as np
import pytest
from PIL import Image

from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.plots import LiveSamples

IMAGES = load_digits().images[:64]
OPTIONS = {"generator_widths": (8,), "discriminator_widths": (8,), "random_state": 0}


def test_the_same_latents_are_drawn_and_the_picture_grows(tmp_path):
    path = tmp_path / "growth.png"
    heights = []

    class Look:
        def after_step(self, trainer, step):
            with Image.open(path) as picture:
                heights.append(picture.size[1])

        def __call__(self, trainer, entry):
            return False

    growth = LiveSamples(path, every=0, n_samples=4)
    gan = GAN(max_steps=3, **OPTIONS).fit(IMAGES, hooks=[growth, Look()])
    assert heights[0] < heights[1] < heights[2]
    step, drawn = growth.frames[-1]
    assert step == 3
    np.testing.assert_array_equal(drawn, gan.sample(4, random_state=0))
    assert list(growth.display().rows) == ["step 1", "step 2", "step 3"]


def test_rows_are_thinned_and_the_first_and_last_stay():
    growth = LiveSamples(every=0, n_samples=2, n_rows=4)
    GAN(max_steps=23, **OPTIONS).fit(IMAGES, hooks=[growth])
    steps = [step for step, _ in growth.frames]
    assert len(steps) == 4
    assert steps[0] == 1
    assert steps[-1] == 23


@pytest.mark.parametrize("n_looks", [9, 100, 801])
def test_rows_stay_spread_over_the_training_however_often_it_looks(n_looks):
    """No part between two rows is longer than a third: of an even spread each is a seventh."""

    class Trainer:
        def sample(self, n_samples, random_state):
            return np.zeros((n_samples, 2, 2))

    growth = LiveSamples(every=0, n_samples=2, n_rows=8)
    for step in range(1, n_looks + 1):
        growth.after_step(Trainer(), step)
    steps = [step for step, _ in growth.frames]
    assert len(steps) == 8
    assert steps == sorted(steps)
    assert max(np.diff(steps)) <= n_looks / 3


def test_looking_changes_nothing_and_a_full_disk_ends_nothing(tmp_path):
    plain = GAN(max_steps=4, **OPTIONS).fit(IMAGES)
    nowhere = tmp_path / "a file"
    nowhere.write_text("")
    with pytest.warns(UserWarning, match="could not be drawn"):
        watched = GAN(max_steps=4, **OPTIONS).fit(IMAGES, hooks=[LiveSamples(nowhere / "growth.png", every=0)])
    np.testing.assert_array_equal(plain.sample(3, random_state=0), watched.sample(3, random_state=0))


def test_it_looks_no_more_often_than_asked():
    growth = LiveSamples(every=1000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GAN(max_steps=5, **OPTIONS).fit(IMAGES, hooks=[growth])
    assert [step for step, _ in growth.frames] == [1]
