"""Losses, hooks, precision, state and batches of the engine room."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from toolkit import nn
from toolkit.exceptions import DivergenceError
from toolkit.nn._batches import Batches
from toolkit.nn._losses import EpochLosses


class Says:
    """A model with the losses that it is told."""

    def __init__(self, losses):
        self.losses = iter(losses)

    def train_step(self, batch):
        return {"loss": next(self.losses)}


def run(losses, **options):
    rows = np.zeros(len(losses))
    return nn.fit_loop(
        Says(losses), rows, batch_size=1, epochs=1, generator=np.random.default_rng(0), shuffle=False, **options
    )


def test_an_exploding_loss_is_a_divergence():
    with pytest.raises(DivergenceError, match="step 12: loss is 3e\\+07, after 5 at most") as caught:
        run([5.0] * 11 + [3e7])
    assert caught.value.step == 12
    assert caught.value.checkpoint is None
    assert run([5.0] * 11 + [4e6])[0]["step"] == 12
    assert run([5.0] * 11 + [-3e7], explosion=None)[0]["step"] == 12
    with pytest.raises(DivergenceError, match="loss is -3e"):
        run([5.0] * 11 + [-3e7])
    with pytest.raises(DivergenceError, match="loss is inf"):
        run([math.inf], explosion=None)
    # A loss that starts large, as a sum over pixels does, has a large level.
    assert run([1e5] + [1.0] * 10 + [1e10])[0]["step"] == 12


def test_losses_of_an_accelerator_are_read_together_and_named_right(monkeypatch):
    """Without an accelerator here: tensors of the meta device stand for distant ones, and a fetch for a transfer."""
    from toolkit.nn import _losses

    fetches = []

    def fetch(all_losses):
        fetches.append(len(all_losses))
        return [[float(len(losses["loss"].shape) + 1)] for losses in all_losses]

    monkeypatch.setattr(_losses, "_fetch", fetch)
    losses = EpochLosses(1e6)
    for step in range(1, 101):
        losses.add(step, 2, {"loss": torch.zeros((), device="meta")})
    assert fetches == [64]
    assert losses.means() == {"loss": 1.0}
    assert fetches == [64, 36]
    assert losses.rows == {"loss": 200}


def test_sums_are_weighted_by_rows():
    losses = EpochLosses()
    losses.add(1, 3, {"a": torch.tensor(1.0), "b": 2.0})
    losses.add(2, 1, {"a": np.float32(5.0)})
    assert losses.means() == {"a": 2.0, "b": 2.0}  # each over the rows that it was given for


def test_batches_are_rows_in_their_own_dtype():
    array = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    index = np.array([5, 0, 5])
    assert torch.equal(Batches(array)[index], torch.tensor(array[index]))
    first, second = Batches((array, np.arange(6.0)), "cpu")[index]
    assert first.dtype == torch.uint8
    assert second.tolist() == [5.0, 0.0, 5.0]
    with pytest.raises(ValueError, match="at least one row"):
        Batches(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="equally long"):
        Batches((np.zeros(3), np.zeros(2)))


@pytest.mark.parametrize("limit", [2**30, 0])
def test_batches_on_an_accelerator(monkeypatch, limit):
    """The meta device stands for one: arrays that are moved there once, and those that are moved by the batch."""
    from toolkit.nn import _batches

    monkeypatch.setattr(_batches, "_RESIDENT_BYTES", limit)
    batches = Batches((np.zeros((6, 2, 2), np.uint8), np.zeros(6)), "meta")
    assert (batches._resident is None) == (limit == 0)
    images, values = batches[np.array([5, 0, 5])]
    assert images.device.type == values.device.type == "meta"
    assert images.dtype == torch.uint8
    assert images.shape == (3, 2, 2)
    assert values.shape == (3,)


def test_early_stopping_in_the_loop_and_against_a_plain_count():
    losses = [5.0, 4.0, 4.0, 3.9, 3.95, 3.0, 3.1, 3.2, 3.3, 1.0]
    stop = nn.EarlyStopping(patience=3)
    history = nn.fit_loop(Says(losses), np.zeros(1), epochs=10, generator=np.random.default_rng(0), hooks=(stop,))
    assert len(history) == 9  # three epochs after the best so far, the sixth
    assert (stop.best, stop.best_epoch) == (3.0, 6)
    strict = nn.EarlyStopping(patience=2, min_delta=0.5)
    assert [strict(None, {"epoch": i, "loss": loss}) for i, loss in enumerate([5.0, 4.6, 4.5, 4.4])] == [
        False,
        False,
        True,
        False,
    ]
    with pytest.raises(ValueError, match=r"losses of this training \(loss\), got 'nothing'"):
        nn.fit_loop(
            Says([1.0]), np.zeros(1), epochs=1, generator=np.random.default_rng(0), hooks=(nn.EarlyStopping("nothing"),)
        )


@pytest.mark.parametrize("wrong", [{"patience": 0}, {"patience": 1.5}, {"min_delta": -1}, {"min_delta": math.nan}])
def test_early_stopping_checks_its_parameters(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} must be"):
        nn.EarlyStopping(**wrong)


class Everything(nn.StateMixin):
    _state = ("torch_draws", "numpy_draws", "network", "count", "average", "names")

    def __init__(self):
        self.torch_draws, self.numpy_draws = nn.torch_generator(0), np.random.default_rng(0)
        self.network = nn.build(lambda: torch.nn.Linear(2, 2), nn.torch_generator(1))
        self.count, self.average, self.names = 0, torch.zeros(2), ["a"]

    def draw(self):
        self.count += 1
        self.names.append(str(self.count))
        self.average += torch.rand(2, generator=self.torch_draws)
        with torch.no_grad():
            self.network.bias.add_(self.average)
        return (
            self.numpy_draws.random(),
            self.average.tolist(),
            self.count,
            list(self.names),
            self.network.bias.tolist(),
        )


def test_state_goes_over_to_another_object():
    first, second = Everything(), Everything()
    first.draw()
    state = first.state_dict()
    kept = state["average"].clone()
    expected = first.draw()
    assert torch.equal(state["average"], kept)  # what was taken does not change with the training
    second.load_state_dict(first.state_dict())
    first.average, second.average = kept.clone(), kept.clone()
    assert first.draw() == second.draw() != expected
    with pytest.raises(ValueError, match=r"Everything has the state average, .*, got count"):
        second.load_state_dict({"count": 1})


def test_precision():
    assert nn.resolve_precision("auto") == nn.resolve_precision("float32") == "float32"
    assert nn.resolve_precision("bfloat16") == ("bfloat16" if nn.has_native_bfloat16() else "float32")
    with pytest.raises(ValueError, match="Unknown precision: 'float61'"):
        nn.resolve_precision("float61")
    x = torch.linspace(-1, 1, 64).reshape(8, 8)
    with nn.autocast("float32"):
        assert torch.equal(x @ x, x.mm(x))
        assert (x @ x).dtype == torch.float32
    with nn.autocast("bfloat16"):
        product = x @ x
    if nn.has_native_bfloat16():
        assert product.dtype == torch.bfloat16
        assert torch.allclose(product.float(), x @ x, atol=0.05)
    else:
        assert product.dtype == torch.float32


def test_native_bfloat16_follows_the_processor(monkeypatch):
    from toolkit.nn import _precision

    for flags, native in ((("sse2", "avx512_bf16"), True), (("amx_bf16",), True), (("avx2", "avx512f"), False)):
        monkeypatch.setattr(_precision, "_processor_flags", lambda flags=flags: frozenset(flags))
        assert nn.has_native_bfloat16() is native
        assert nn.resolve_precision("bfloat16") == ("bfloat16" if native else "float32")


def test_building_and_learning_import_no_compiler():
    """Torch's compiler and symbolic shapes take as long to import as some thousand images to judge."""
    code = (
        "import sys, torch; from toolkit import nn\n"
        "layer = nn.build(lambda: torch.nn.Linear(2, 3), nn.torch_generator(0))\n"
        "adam = nn.FusedAdam(layer.parameters(), learning_rate=0.1)\n"
        "layer(torch.ones(1, 2)).sum().backward(); adam.step()\n"
        "sys.exit('sympy' in sys.modules or 'torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_learning_kinds_and_fitting_an_autoencoder_import_no_compiler():
    code = (
        "import sys, numpy, torch\n"
        "from toolkit.detectors import OutlierDetector\n"
        "from toolkit.diagnostics import CorruptionIdentifier\n"
        "images = numpy.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=numpy.uint8)\n"
        "CorruptionIdentifier(['invert'], init='random', epochs=1, random_state=0).fit(images)\n"
        "OutlierDetector('autoencoder', random_state=0).fit(images)\n"
        "before = 'torch._dynamo' in sys.modules\n"
        "torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])  # what others make imports it as ever\n"
        "sys.exit(before or 'torch._dynamo' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
