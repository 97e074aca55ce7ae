"""CoverageMonitor: what it sees is what an evaluation sees, the best generator is kept, and it knows when to stop."""

import numpy as np
import pytest

from toolkit.coverage import CoverageMonitor, ModeCoverage, jensen_shannon
from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.nn import Checkpoint

IMAGES = load_digits().images[:300]
GAN_OPTIONS = {"generator_widths": (16,), "discriminator_widths": (16,), "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def coverage():
    return ModeCoverage(random_state=0).fit(IMAGES)


class Scripted:
    """A trainer whose samples are given, one set a look."""

    def __init__(self, *sets):
        self.sets = list(sets)

    def sample(self, n_samples, random_state=None):
        return self.sets.pop(0)


def test_figures_are_those_of_an_evaluation(coverage):
    monitor = CoverageMonitor(coverage, every=1, n_samples=150)
    monitor.after_step(Scripted(IMAGES[:150]), 1)
    record = coverage.evaluate(IMAGES[:150])
    look = monitor.frame().iloc[0]
    assert look["js"] == pytest.approx(record.js)
    assert look["bins_different"] == record.n_different
    assert look["js"] == pytest.approx(
        jensen_shannon(coverage.counts_, np.bincount(coverage.predict(IMAGES[:150]), minlength=coverage.n_bins_))
    )
    assert 0 < look["js_real"] < 0.5
    assert 0.5 < look["recall_real"] <= 1


def test_it_stops_when_nothing_gets_better(coverage):
    good, bad = IMAGES[:150], np.repeat(IMAGES[:1], 150, axis=0)
    monitor = CoverageMonitor(coverage, every=10, n_samples=150, patience=2)
    trainer = Scripted(bad, good, bad, bad)
    ended = [monitor.after_step(trainer, step) for step in range(1, 41)]
    assert ended.index(True) == 39
    assert monitor.best_step == 20
    assert monitor.frame()["js"].idxmin() == 1


def test_a_gan_keeps_the_generator_of_the_best_look(coverage):
    class Spoil:
        """From step 20 on the generator draws one thing."""

        def after_step(self, trainer, step):
            if step == 20:
                trainer.kept = trainer.finished_generator()
                for values in trainer.generator.parameters():
                    values.data.zero_()
                trainer.average = None
            return False

        def __call__(self, trainer, entry):
            return False

    monitor = CoverageMonitor(coverage, every=10, n_samples=150, patience=None)
    kept = GAN(max_steps=40, **GAN_OPTIONS).fit(IMAGES, hooks=[monitor, Spoil()])
    assert monitor.best_step <= 20
    to_the_end = GAN(max_steps=40, **GAN_OPTIONS).fit(IMAGES, hooks=[Spoil()])
    samples = [model.sample(150, random_state=5) for model in (kept, to_the_end)]
    scores = [coverage.score(drawn) for drawn in samples]
    assert scores[0] > scores[1]


def test_watching_changes_nothing_and_goes_on_after_a_crash(coverage, tmp_path):
    plain = GAN(max_steps=30, **GAN_OPTIONS).fit(IMAGES)
    options = {"every": 10, "n_samples": 100, "patience": None}
    watched = GAN(max_steps=30, **GAN_OPTIONS)
    whole = CoverageMonitor(coverage, **options, keep_best=False)
    watched.fit(IMAGES, hooks=[whole])
    np.testing.assert_array_equal(plain.sample(5, random_state=0), watched.sample(5, random_state=0))
    folder = Checkpoint(tmp_path, every=5, unit="steps")

    class Crash:
        def after_step(self, trainer, step):
            if step == 17:
                raise KeyboardInterrupt

        def __call__(self, trainer, entry):
            return False

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    with pytest.raises(KeyboardInterrupt):
        GAN(max_steps=30, **GAN_OPTIONS).fit(
            IMAGES, hooks=[CoverageMonitor(coverage, **options), Crash()], checkpoint=folder
        )

    class Nothing(Crash):
        def after_step(self, trainer, step):
            return False

    resumed = CoverageMonitor(coverage, **options)
    GAN(max_steps=30, **GAN_OPTIONS).fit(IMAGES, hooks=[resumed, Nothing()], checkpoint=folder, resume=True)
    assert resumed.frame().equals(whole.frame())
    assert resumed.best_step == whole.best_step


def test_epochs_may_be_the_unit(coverage):
    monitor = CoverageMonitor(coverage, every=2, unit="epochs", n_samples=50, measure="recall")
    GAN(epochs=5, **GAN_OPTIONS).fit(IMAGES, hooks=[monitor])
    assert len(monitor.frame()) == 2


@pytest.mark.parametrize(
    ("name", "value"), [("every", 0), ("unit", "hours"), ("measure", "loss"), ("patience", 0), ("n_samples", 1.5)]
)
def test_bad_parameters_are_named(coverage, name, value):
    with pytest.raises(ValueError, match=name):
        CoverageMonitor(coverage, **{name: value})
