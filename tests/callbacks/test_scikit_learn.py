"""scikit-learn's callbacks follow our trainings; an older scikit-learn has none, and nothing else changes."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

import toolkit
from toolkit.datasets import load_digits
from toolkit.exceptions import MissingDependencyError
from toolkit.generators import GAN, Autoencoder, VariationalAutoencoder

callback = pytest.importorskip("sklearn.callback", reason="callbacks came with scikit-learn 1.9")
X = load_digits().images[:64]


class Recorder:
    """The documented protocol, and what it heard."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.heard, self.entries, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.heard.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.heard.append(("teardown", context.task_name, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.heard.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, metadata=None):
        self.heard.append(("end", context.task_name, context.task_id))
        if context.task_name == "epoch":
            self.entries.append(metadata)
            return len(self.entries) == self.stop_after
        return False


def test_events_in_order():
    recorder = Recorder()
    model = Autoencoder(epochs=2, random_state=0).set_callbacks(recorder).fit(X)
    assert recorder.heard == [
        ("setup", "fit", 2),
        ("begin", "fit", 0),
        *[(when, "epoch", epoch) for epoch in range(2) for when in ("begin", "end")],
        ("end", "fit", 0),
        ("teardown", "fit", 2),
    ]
    assert recorder.entries == model.history_


@pytest.mark.parametrize(
    ("model", "epochs"),
    [
        (GAN(max_steps=5, batch_size=32, random_state=0), 3),
        (GAN(epochs=2, batch_size=32, random_state=0), 2),
        (GAN(max_seconds=0.2, batch_size=32, random_state=0), None),
        (VariationalAutoencoder(epochs=2, random_state=0), 2),
    ],
)
def test_how_long_it_takes_is_said_where_it_is_known(model, epochs):
    recorder = Recorder()
    model.set_callbacks(recorder).fit(X)
    assert recorder.heard[0] == ("setup", "fit", epochs)
    assert recorder.entries == model.history_


def test_a_callback_stops_the_training_and_changes_nothing_else():
    plain = Autoencoder(epochs=9, random_state=0).fit(X, hooks=[lambda trainer, entry: entry["epoch"] == 2])
    stopped = Autoencoder(epochs=9, random_state=0).set_callbacks(Recorder(stop_after=2)).fit(X)
    assert len(stopped.history_) == 2
    assert np.array_equal(plain.transform(X), stopped.transform(X))


def test_teardown_after_an_error():
    recorder = Recorder()

    def fail(trainer, entry):
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        Autoencoder(epochs=2, random_state=0).set_callbacks(recorder).fit(X, hooks=[fail])
    assert recorder.heard[-1][0] == "teardown"


def test_in_a_pipeline():
    recorder = Recorder()
    pipe = Pipeline([("scale", MinMaxScaler()), ("code", Autoencoder(epochs=2, random_state=0))])
    pipe.set_callbacks(recorder).fit(X.reshape(len(X), -1))
    assert [task for when, task, _ in recorder.heard if when == "end"].count("epoch") == 2


def test_clones_keep_callbacks_and_saved_models_do_not(tmp_path):
    model = Autoencoder(epochs=1, random_state=0).set_callbacks(Recorder())
    assert clone(model)._skl_callbacks == model._skl_callbacks
    toolkit.save(model.fit(X), tmp_path / "model")
    loaded = toolkit.load(tmp_path / "model")
    assert np.array_equal(loaded.transform(X), model.transform(X))
    assert not hasattr(loaded, "_skl_callbacks")


def test_scikit_learns_progress_bar():
    pytest.importorskip("rich", reason="scikit-learn's progress bar is drawn by rich")
    model = Autoencoder(epochs=2, random_state=0).set_callbacks(callback.ProgressBar()).fit(X)
    assert len(model.history_) == 2


def test_with_an_older_scikit_learn():
    """In a process of its own, in which the module is not there."""
    code = (
        "import sys, sklearn.mixture, sklearn.pipeline\n"
        "sys.modules['sklearn.callback'] = None\n"
        "from toolkit.callbacks import CallbackSupport\n"
        "from toolkit.datasets import load_digits\n"
        "from toolkit.exceptions import MissingDependencyError\n"
        "from toolkit.generators import Autoencoder\n"
        "model = Autoencoder(epochs=1, random_state=0).fit(load_digits().images[:20])\n"
        "try:\n    model.set_callbacks(object())\n"
        "except MissingDependencyError as error:\n    print(len(model.history_), error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("1 set_callbacks needs scikit-learn 1.9"), done.stderr
    assert issubclass(MissingDependencyError, ImportError)
