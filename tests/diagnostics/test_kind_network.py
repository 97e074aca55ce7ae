"""The network that names kinds: what is done faster is done the same."""

import pickle

import numpy as np
import pytest
import torch

from toolkit.diagnostics.identifier._ensemble import Ensemble
from toolkit.diagnostics.identifier.network import KindModel, KindNetwork, one_cycle
from toolkit.nn import FusedAdam, build, torch_generator


def used_network(image_shape):
    """A network whose batch norms have seen something."""
    network = build(lambda: KindNetwork(image_shape, 6, widths=(8, 8, 12), n_features=16), torch_generator(0))
    generator = torch.Generator().manual_seed(1)
    for name, values in network.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            values.add_(torch.rand(values.shape, generator=generator))
    return network


# The last is pooled, the second smallest is not a multiple of anything. In 16 bits: as near as these can be.
@pytest.mark.parametrize(("precision", "error"), [("float32", 2e-5), ("bfloat16", 0.05)])
@pytest.mark.parametrize("image_shape", [(28, 28), (9, 13), (40, 33, 3), (75, 50)])
def test_predictions_are_those_of_the_network_in_evaluation(image_shape, precision, error):
    images = np.random.default_rng(0).integers(0, 256, (150, *image_shape), dtype=np.uint8)
    network = used_network(image_shape).eval()
    tensor = torch.from_numpy(images).float() / 255
    tensor = tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor[:, None]
    with torch.no_grad():
        logits, amounts, features = network(tensor)
    amounts[:, 2] = amounts[:, 2].sigmoid()
    found = KindModel(network, n_steps=10).predict(images, precision=precision)
    for ours, theirs in zip(found, (logits.log_softmax(1), amounts, features)):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=error)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_row_is_answered_alike_in_any_company(precision):
    images = np.random.default_rng(0).integers(0, 256, (150, 28, 28), dtype=np.uint8)
    model = KindModel(used_network((28, 28)), n_steps=10)
    for ours, theirs in zip(*(model.predict(rows, precision=precision) for rows in (images, images[140:]))):
        np.testing.assert_array_equal(ours[140:], theirs)


def test_what_was_folded_is_folded_anew_once_something_was_learnt():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (20, 12, 12), dtype=np.uint8)
    model = KindModel(used_network((12, 12)), n_steps=10)

    def logs():
        return model.predict(images)[0]

    first = logs()
    assert model.predict(images[:5])[0].tobytes() == first[:5].tobytes()
    folded = model._fold("float32")
    np.testing.assert_array_equal(logs(), first)
    assert model._fold("float32") is folded
    kept = {name: value.clone() for name, value in model.network.state_dict().items()}
    kind = torch.from_numpy(generator.integers(0, 6, 20))
    model.train_step((torch.from_numpy(images), kind, torch.rand(20), torch.rand(20)))
    learnt = logs()
    assert not np.array_equal(learnt, first)
    same = pickle.loads(pickle.dumps(model))
    assert same._fold("float32") is not model._fold("float32")
    np.testing.assert_array_equal(same.predict(images)[0], learnt)
    model.network.load_state_dict(kept)
    np.testing.assert_array_equal(logs(), first)
    with torch.no_grad():
        model.network.body[1].running_mean.add_(0.5)  # a buffer alone
    assert not np.array_equal(logs(), first)


def test_gradients_are_those_of_the_layers_one_after_the_other():
    """What runs back from the flat side is only laid out in memory as what runs forward is."""
    network = used_network((28, 28)).to(memory_format=torch.channels_last).train()
    images = torch.rand(16, 1, 28, 28, generator=torch.Generator().manual_seed(0))

    def gradients(features):
        network.zero_grad()
        features.square().sum().backward()
        return [each.grad.clone() for each in network.body.parameters()]

    seen = []
    network.body[-3].register_full_backward_hook(lambda module, came, went: seen.append(went[0]))  # the last ReLU
    ours = gradients(network(images)[2])
    (gradient,) = seen
    assert gradient.is_contiguous(memory_format=torch.channels_last)
    y, x = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
    grey = images[:, 0]
    mass = grey.sum((1, 2))

    def mean(values):
        return (grey * values).sum((1, 2)) / mass

    cx, cy = mean(x), mean(y)
    moments = [mass / 784, cx, cy, mean(x * x) - cx * cx, mean(y * y) - cy * cy, mean(x * y) - cx * cy]
    moments += [(54 * cx).tanh(), (54 * cy).tanh()]
    both = torch.cat([network.body(images), network.layout(torch.stack(moments, dim=1))], dim=1)
    for mine, theirs in zip(ours, gradients(network.merge(both))):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-3 * float(theirs.abs().max()))


def test_angles_are_asked_of_those_that_learnt_turns_alone():
    images = np.random.default_rng(0).integers(0, 256, (80, 12, 12), dtype=np.uint8)
    ensemble = Ensemble((12, 12), ("rotate", "invert"), n_rounds=1, n_images=64, batch_size=32, seeds=[0, 1], n_jobs=1)
    before = ensemble.angles(images)
    directions = [member.directions(images) for member in ensemble.members]
    np.testing.assert_allclose(before, np.rad2deg(np.arctan2(*np.mean(directions, axis=0).T[::-1])))
    ensemble.learn_angles(images, 1)
    learnt = ensemble.members[0].angle_regressor.directions(images)
    np.testing.assert_allclose(ensemble.angles(images), np.rad2deg(np.arctan2(learnt[:, 1], learnt[:, 0])))
    assert ensemble.members[1].angle_regressor is None


@pytest.mark.parametrize("n_steps", [9, 26, 1000])
def test_steps_are_those_of_torchs_own_optimiser_and_schedule(n_steps):
    """Bit by bit: what is learnt does not depend on whose loop counts the steps."""
    ours, theirs = ([torch.nn.Parameter(torch.linspace(-1, 1, 12).reshape(3, 4))] for _ in range(2))
    adam = FusedAdam(ours, learning_rate=3e-3, weight_decay=1e-2)
    reference = torch.optim.AdamW(theirs, lr=3e-3, weight_decay=1e-2, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(reference, 3e-3, total_steps=n_steps, pct_start=0.15)
    for step in range(n_steps - 1):
        rate, momentum = one_cycle(step, n_steps, 3e-3)
        (group,) = reference.param_groups
        assert (rate, momentum) == (group["lr"], group["betas"][0])
        adam.learning_rate, adam.betas = rate, (momentum, 0.999)
        for parameters, optimiser in ((ours, adam), (theirs, reference)):
            optimiser.zero_grad()
            (parameters[0] ** 3).sum().backward()
            optimiser.step()
        schedule.step()
    assert torch.equal(ours[0], theirs[0])
    assert one_cycle(n_steps + 5, n_steps, 3e-3) == one_cycle(n_steps - 1, n_steps, 3e-3)


def test_a_model_takes_the_rates_of_its_schedule():
    model = KindModel(used_network((8, 8)), n_steps=12, learning_rate=1e-3)
    unknown = torch.full((4,), float("nan"))
    batch = (torch.zeros(4, 8, 8, dtype=torch.uint8), torch.tensor([0, 1, 2, 0]), unknown, unknown)
    rates = []
    for _ in range(12):
        model.train_step(batch)
        rates.append((model.optimiser.learning_rate, model.optimiser.betas[0]))
    assert rates == [one_cycle(step, 13, 1e-3) for step in range(12)]
