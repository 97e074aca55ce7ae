"""A fit that goes on from a checkpoint is the one that was begun: other parameters are refused, by every estimator."""

import json
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from toolkit.datasets import load_digits, make_arithmetic
from toolkit.exceptions import CheckpointError, FolderInUseError
from toolkit.generators import GAN, Autoencoder, ConditionalGAN, VariationalAutoencoder
from toolkit.nn import Checkpoint, changed_parameters
from toolkit.sequence import ArithmeticSeq2Seq

DIGITS = load_digits().images[:40]
LABELS = np.arange(40) % 3
QUERIES = make_arithmetic("+", n_digits=1, train_share=0.9, random_state=0).part("train")
SMALL_GAN = {
    "preset": "plain",
    "generator_widths": (8,),
    "discriminator_widths": (8,),
    "latent_dim": 3,
    "random_state": 0,
}
SMALL_CODER = {"hidden_sizes": (8,), "latent_dim": 2, "lr_schedule": "constant", "random_state": 0}

# Class, its small parameters, its data, the parameter of its length with a length, and what else might be changed.
KINDS = {
    "gan": (
        GAN,
        SMALL_GAN,
        (DIGITS,),
        ("epochs", 2),
        [
            {"learning_rate": 0.1},
            {"objective": "hinge"},
            {"gradient_penalty": "r1"},
            {"betas": (0.0, 0.9)},
            {"random_state": 1},
            {"random_state": None},
            {"weight_averaging": 0.9},
            {"latent_distribution": "uniform"},
            {"lr_schedule": "linear"},
        ],
    ),
    "conditional": (
        ConditionalGAN,
        SMALL_GAN,
        (DIGITS, LABELS),
        ("epochs", 2),
        [{"mismatch_weight": 0.5}, {"label_smoothing": 0.1}, {"critic_steps": 2}],
    ),
    "autoencoder": (Autoencoder, SMALL_CODER, (DIGITS,), ("epochs", 2), [{"noise": 0.3}, {"weight_decay": 0.1}]),
    "variational": (VariationalAutoencoder, SMALL_CODER, (DIGITS,), ("epochs", 2), [{"beta": 4.0}, {"batch_size": 8}]),
    "sequence": (
        ArithmeticSeq2Seq,
        {"hidden_size": 8, "random_state": 0},
        QUERIES,
        ("steps", 4),
        [{"learning_rate": 0.5}, {"weight_decay": 0.0}, {"reverse_target": False}],
    ),
}
CHANGES = [(kind, change) for kind, (*_, changes) in KINDS.items() for change in changes]


def fit(kind, folder, length=None, data=None, **changes):
    make, small, rows, (name, usual), _ = KINDS[kind]
    unit = "epochs" if name == "epochs" else "steps"
    model = make(**small | {name: length or usual} | changes)
    return model.fit(*(data or rows), checkpoint=Checkpoint(folder, unit=unit), resume=True)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder for each kind in which its training has come to its end."""
    folder = tmp_path_factory.mktemp("begun")
    for kind in KINDS:
        fit(kind, folder / kind)
    return folder


@pytest.mark.parametrize(("kind", "change"), CHANGES, ids=lambda value: str(value))
def test_other_parameters_are_refused(kind, change, begun):
    ((name, value),) = change.items()
    usual = KINDS[kind][3][1]
    for length in (usual, usual + 1):
        with pytest.raises(CheckpointError, match=rf"of another training: its {name} was .*, here ") as caught:
            fit(kind, begun / kind, length, **change)
        assert f"here {json.loads(json.dumps(value))!r}" in str(caught.value)
        assert str(begun / kind) in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_less_than_what_is_there_is_refused(kind, begun):
    with pytest.raises(CheckpointError, match="for longer, not for less"):
        fit(kind, begun / kind, 1)


@pytest.mark.parametrize("kind", ["gan", "conditional", "autoencoder", "variational"])
def test_longer_is_the_training_that_was_longer_from_the_start(kind, tmp_path):
    fit(kind, tmp_path / "run", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        longer = fit(kind, tmp_path / "run", 3, n_threads=1, verbose=False)
    straight = fit(kind, tmp_path / "other", 3)
    assert len(longer.history_) == 3
    np.testing.assert_array_equal(longer.sample(3, random_state=0), straight.sample(3, random_state=0))


@pytest.mark.parametrize(
    ("kind", "change"),
    [("autoencoder", {"lr_schedule": "cosine"}), ("gan", {"instance_noise": 0.1}), ("sequence", {})],
)
def test_longer_on_a_schedule_is_said(kind, change, tmp_path):
    """What depends on the planned length is not what one longer training would have done."""
    fit(kind, tmp_path, 1, **change)
    with pytest.warns(UserWarning, match="was written by a training of .* steps, and .* are asked for now"):
        fit(kind, tmp_path, 2, **change)


def test_the_same_again_gives_the_same_model(begun):
    first, second = (fit("gan", begun / "gan") for _ in range(2))
    np.testing.assert_array_equal(first.sample(3, random_state=0), second.sample(3, random_state=0))
    assert [entry["step"] for entry in first.history_] == [entry["step"] for entry in second.history_]


def test_other_pictures_to_keep_are_no_other_training(begun):
    fit("gan", begun / "gan", snapshot_epochs=(2, 4))


def test_other_names_of_the_classes_are_another_training(begun):
    with pytest.raises(CheckpointError, match="its classes was"):
        fit("conditional", begun / "conditional", data=(DIGITS, LABELS + 5))


def test_other_characters_are_another_training(begun):
    queries, answers = QUERIES
    renamed = [text.replace("+", "-") for text in queries]
    with pytest.raises(CheckpointError, match="its source_characters was"):
        fit("sequence", begun / "sequence", data=(renamed, answers))


def test_own_networks_are_compared_by_their_layers(tmp_path):
    def networks(width):
        generator = torch.nn.Sequential(
            torch.nn.Linear(3, width), torch.nn.ReLU(), torch.nn.Linear(width, 784), torch.nn.Unflatten(1, (1, 28, 28))
        )
        return generator, torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 1))

    def run(width):
        gan = GAN(networks(width), latent_dim=3, epochs=1, random_state=0)
        return gan.fit(DIGITS, checkpoint=Checkpoint(tmp_path), resume=True)

    run(4)
    run(4)  # other objects at other addresses
    with pytest.raises(CheckpointError, match="its architecture was"):
        run(5)


def test_changed_parameters_by_hand():
    state = np.random.RandomState(0)
    same = {"sizes": (1, np.int64(2)), "seed": state, "inner": {"epochs": 3, "rate": np.float32(0.5)}}
    assert (
        changed_parameters(same, same | {"seed": np.random.RandomState(1), "inner": {"epochs": 9, "rate": 0.5}}) == []
    )
    assert changed_parameters(same, same | {"sizes": [1, 3]}) == [("sizes", [1, 2], [1, 3])]
    assert changed_parameters(same, same | {"inner": {"rate": 1.0}}) == [("inner.rate", 0.5, 1.0)]
    assert changed_parameters({"a": None}, {}) == [("a", None, None)]
    assert changed_parameters(None, same) == []


@pytest.mark.parametrize("kind", KINDS)
def test_two_fits_at_once_in_one_folder(kind, tmp_path):
    """The second is refused and changes nothing; once the first has ended, the folder is free."""
    make, small, rows, (name, length), _ = KINDS[kind]
    model, refused = make(**small | {name: length}), []

    class Second:
        """In the middle of the first fit another one, from another thread."""

        def __call__(self, trainer, entry):
            if not refused:
                with ThreadPoolExecutor(1) as pool:
                    found = pool.submit(make(**small | {name: length}).fit, *rows, checkpoint=tmp_path / "one")
                    with pytest.raises(FolderInUseError, match="Another run is writing to .*one"):
                        found.result()
                refused.append(True)

    model.fit(*rows, checkpoint=tmp_path / "one", hooks=(Second(),))
    alone = make(**small | {name: length}).fit(*rows, checkpoint=tmp_path / "two")
    assert refused
    assert [entry["step"] for entry in model.history_] == [entry["step"] for entry in alone.history_]
    first, second = (Checkpoint(tmp_path / folder).all() for folder in ("one", "two"))
    assert [path.name for path in first] == [path.name for path in second]
    assert not list((tmp_path / "one").glob(".lock"))
    again = make(**small | {name: length}).fit(*rows, checkpoint=tmp_path / "one", resume=True, hooks=(Second(),))
    assert len(again.history_) == len(alone.history_)
