"""Long work that is watched from outside: what is told, where it ends, and how it goes on."""

import itertools

import numpy as np
import pytest

import toolkit
from toolkit._core.progress import Progress, Stages
from toolkit._core.watching import current_watch, watched
from toolkit.datasets import load_digits
from toolkit.exceptions import StoppedError, ToolkitError, TrainingFolderError
from toolkit.generators import GAN, Autoencoder, VariationalAutoencoder
from toolkit.studies import run_audit, run_coverage, train_into_folder

DIGITS = load_digits()


def stop_after(n_questions):
    """Says no that many times, then always yes."""
    asked = itertools.count()
    return lambda: next(asked) >= n_questions


def test_stages_tell_their_names_and_the_share_of_the_whole(capsys):
    told = []
    with watched(lambda *what: told.append(what)) as verbose, Stages({"a": 3, "b": 1}, verbose=verbose) as stages:
        with stages("a"), Progress(2, verbose=verbose) as work:
            work.update()
        with stages("b"):
            pass
    assert ("a", 0.375) in told  # half of three quarters
    assert told[-1] == ("b", 1.0)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert capsys.readouterr() == ("", "")  # who watches shows it
    assert current_watch() is None


def test_without_a_watcher_nothing_is_asked():
    with watched() as verbose:
        assert not verbose
        assert current_watch() is None


def test_work_ends_where_it_is_asked_to():
    done = []

    def work():
        with watched(should_stop=stop_after(3)) as verbose, Progress(10, verbose=verbose) as progress:
            for place in range(10):
                progress.update()
                done.append(place)

    with pytest.raises(StoppedError) as caught:
        work()
    assert done == [0, 1]  # asked at the start, and after each part
    assert isinstance(caught.value, ToolkitError)


@pytest.mark.parametrize("questions", [1, 9, 14])
def test_a_stopped_training_goes_on_bitwise(tmp_path, questions):
    """Stopped within an epoch, and between two, it ends as if nothing had been."""

    def train(out, **options):
        model = GAN(generator_widths=(16,), discriminator_widths=(16,), batch_size=32, epochs=3, random_state=0)
        train_into_folder(model, lambda: (DIGITS.subset(slice(200)), "digits"), command="gan", out=out, **options)
        return toolkit.load(out / "model").sample(5, random_state=1)

    whole = train(tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(tmp_path / "parts", should_stop=stop_after(questions))
    assert not (tmp_path / "parts" / "model").exists()
    with pytest.raises(TrainingFolderError, match="resume=True goes on"):
        train(tmp_path / "parts")
    np.testing.assert_array_equal(train(tmp_path / "parts", resume=True), whole)


def test_observers_see_each_step_and_change_nothing(tmp_path):
    class Observer:
        steps, epochs = (), ()

        def after_step(self, trainer, step):
            self.steps += (step,)
            self.drawn = trainer.sample(2, random_state=0)
            return True  # only a hook may end a training

        def __call__(self, trainer, entry):
            self.epochs += (entry["epoch"],)

    images = DIGITS.subset(slice(60))
    for kind, model in (
        ("gan", GAN(generator_widths=(8,), discriminator_widths=(8,), max_steps=4, random_state=0)),
        ("vae", VariationalAutoencoder(epochs=1, random_state=0)),
        ("autoencoder", Autoencoder(epochs=1, random_state=0)),
    ):
        observer = Observer()
        train_into_folder(model, lambda: (images, "digits"), command=kind, out=tmp_path / kind, observers=[observer])
        again = type(model)(**{**model.get_params(), "verbose": False}).fit(images.images)
        assert observer.steps == tuple(range(1, observer.steps[-1] + 1))
        assert observer.epochs == tuple(entry["epoch"] for entry in model.history_)
        assert observer.drawn.shape == (2, 28, 28)
        assert observer.drawn.dtype == np.uint8
        np.testing.assert_array_equal(model.sample(3, random_state=2), again.sample(3, random_state=2))


@pytest.mark.parametrize("stopped_at", [10, 11, 13])
def test_observers_are_told_where_a_training_goes_on(tmp_path, stopped_at):
    class Observer:
        def __init__(self):
            self.losses, self.told = [], []

        def resumed(self, trainer, step, history):
            self.told.append((step, history))

        def after_step(self, trainer, step):
            self.losses.append(float(trainer.last["generator_loss"]))

        def __call__(self, trainer, entry):
            pass

    def train(observer, **how):
        model = GAN(generator_widths=(8,), discriminator_widths=(8,), max_steps=20, batch_size=20, random_state=0)
        images = DIGITS.subset(slice(100))  # 5 steps an epoch, of as many rows each
        train_into_folder(
            model, lambda: (images, "digits"), command="gan", out=tmp_path / "gan", observers=[observer], **how
        )
        return model.history_

    first, second = Observer(), Observer()
    with pytest.raises(StoppedError):
        train(first, should_stop=lambda: len(first.losses) >= stopped_at)
    whole = train(second, resume=True)
    assert not first.told
    ((step, history),) = second.told
    assert step == len(first.losses) == stopped_at
    assert history[:2] == whole[:2]
    losses = np.array(first.losses)
    expected = [losses[:5].mean(), losses[5:10].mean()] + ([losses[10:].mean()] if step > 10 else [])
    np.testing.assert_allclose([entry["generator_loss"] for entry in history], expected, rtol=1e-6)
    assert [entry["epoch"] for entry in history] == [1, 2] + ([pytest.approx(step / 5)] if step > 10 else [])


def test_studies_tell_and_stop(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")  # stopped while steps are taken side by side
    told = []
    result = run_audit(
        DIGITS.images[:60], quick=True, n_jobs=1, progress=lambda stage, share: told.append((stage, share))
    )
    assert len(result.per_image) == 60
    assert told[-1][1] == pytest.approx(1.0)
    assert {stage for stage, _ in told} >= {"learning what is wrong", "scoring and repairing"}
    with pytest.raises(StoppedError):
        run_audit(DIGITS.images[:60], quick=True, should_stop=lambda: True)
    with pytest.raises(StoppedError):
        run_coverage(DIGITS.images[:100], DIGITS.images[100:200], with_map=False, should_stop=stop_after(1))
