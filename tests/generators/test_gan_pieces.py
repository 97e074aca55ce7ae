"""The pieces of adversarial training against closed forms, hand-made gradients and brute force."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from toolkit.generators.adversarial import (
    ARCHITECTURES,
    LATENTS,
    OBJECTIVES,
    PENALTIES,
    SCHEDULES,
    AdversarialTrainer,
    as_signed_images,
    build_discriminator,
    build_generator,
    call_in_batches,
)
from toolkit.generators.adversarial._averaging import MovingAverage, estimate_batch_statistics
from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._packing import pack, whole_packs
from toolkit.generators.adversarial._penalties import between, penalty_value, squared_gradient_norm
from toolkit.generators.adversarial._spectral import SpectralConv2d, SpectralLinear
from toolkit.nn import torch_generator
from toolkit.nn._adam import FusedAdam

REAL, FAKE = torch.tensor([1.5, -0.3, 0.2]), torch.tensor([-1.0, 0.4, 2.5])


def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


def mean_of(function, *logits):
    return sum(function(*(float(value) for value in row)) for row in zip(*logits)) / len(logits[0])


DISCRIMINATORS = {
    "minimax": lambda r, f, t: (
        -t * math.log(logistic(r)) - (1 - t) * math.log(1 - logistic(r)) - math.log(1 - logistic(f))
    ),
    "least_squares": lambda r, f, t: 0.5 * (r - t) ** 2 + 0.5 * f**2,
    "wasserstein": lambda r, f, t: f - r,
    "hinge": lambda r, f, t: max(0, 1 - r) + max(0, 1 + f),
    "relativistic": lambda r, f, t: -t * math.log(logistic(r - f)) - (1 - t) * math.log(1 - logistic(r - f)),
}
DISCRIMINATORS |= {"nonsaturating": DISCRIMINATORS["minimax"], "wasserstein_gp": DISCRIMINATORS["wasserstein"]}
GENERATORS = {
    "minimax": lambda r, f: math.log(1 - logistic(f)),
    "nonsaturating": lambda r, f: -math.log(logistic(f)),
    "least_squares": lambda r, f: 0.5 * (f - 1) ** 2,
    "wasserstein": lambda r, f: -f,
    "wasserstein_gp": lambda r, f: -f,
    "hinge": lambda r, f: -f,
    "relativistic": lambda r, f: -math.log(logistic(f - r)),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_losses_are_their_formulas(name):
    objective = OBJECTIVES[name]
    found = float(objective.discriminator(REAL, FAKE))
    assert found == pytest.approx(mean_of(lambda r, f: DISCRIMINATORS[name](r, f, 1.0), REAL, FAKE), rel=1e-5)
    found = float(objective.generator(REAL, FAKE))
    assert found == pytest.approx(mean_of(GENERATORS[name], REAL, FAKE), rel=1e-5)
    if objective.smooths:
        found = float(objective.discriminator(REAL, FAKE, 0.9))
        assert found == pytest.approx(mean_of(lambda r, f: DISCRIMINATORS[name](r, f, 0.9), REAL, FAKE), rel=1e-5)
    else:
        assert float(objective.discriminator(REAL, FAKE, 0.9)) == float(objective.discriminator(REAL, FAKE))


def test_cross_entropy_is_torchs():
    for target in (1.0, 0.9, 0.5):
        expected = functional.binary_cross_entropy_with_logits(REAL, torch.full((3,), target))
        expected = expected + functional.binary_cross_entropy_with_logits(FAKE, torch.zeros(3))
        torch.testing.assert_close(OBJECTIVES["nonsaturating"].discriminator(REAL, FAKE, target), expected)


def test_huge_logits_stay_finite():
    huge = torch.tensor([1e4, -1e4])
    for objective in OBJECTIVES.values():
        assert torch.isfinite(objective.discriminator(huge, -huge))
        assert torch.isfinite(objective.generator(huge, -huge))


# A world of three points: real and fake probabilities, and one free logit for each point.
P, Q = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64), torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)


def best_discriminator(name, target=1.0):
    """Logits that minimise the expected loss, by Newton-free descent; every real row meets every fake one."""
    pairs = list(itertools.product(range(3), repeat=2))
    real, fake = (torch.tensor(places) for places in zip(*pairs))
    weight = P[real] * Q[fake]
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=300, tolerance_grad=1e-12, tolerance_change=1e-15)

    def loss():
        optimiser.zero_grad()
        each = [OBJECTIVES[name].discriminator(logits[r : r + 1], logits[f : f + 1], target) for r, f in pairs]
        value = (torch.stack(each) * weight).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return logits.detach(), float(loss().detach())


def test_optimal_discriminator_is_the_density_ratio():
    logits, value = best_discriminator("nonsaturating")
    torch.testing.assert_close(logits, (P / Q).log(), atol=1e-5, rtol=0)
    # Goodfellow et al. (2014), theorem 1: what it reaches is 2 log 2 minus twice the Jensen-Shannon divergence.
    middle = 0.5 * (P + Q)
    divergence = 0.5 * ((P * (P / middle).log()).sum() + (Q * (Q / middle).log()).sum())
    assert value == pytest.approx(2 * math.log(2) - 2 * float(divergence), abs=1e-9)


def test_smoothed_labels_bound_the_optimal_discriminator():
    logits, _ = best_discriminator("nonsaturating", target=0.9)
    torch.testing.assert_close(logits.sigmoid(), 0.9 * P / (P + Q), atol=1e-5, rtol=0)


def test_optimal_least_squares_discriminator():
    logits, _ = best_discriminator("least_squares")
    torch.testing.assert_close(logits, P / (P + Q), atol=1e-6, rtol=0)


def test_no_fake_to_tell_apart_is_the_saddle_point():
    """Where real and fake agree, no objective moves a discriminator that is the same everywhere, nor a generator."""
    for name, objective in OBJECTIVES.items():
        level = 0.5 if name == "least_squares" else 0.0
        logits = torch.full((4,), level, requires_grad=True)
        objective.discriminator(logits[:2], logits[2:]).backward()
        assert float(logits.grad.sum()) == pytest.approx(0.0, abs=1e-7), name


class Cubic(torch.nn.Module):
    """Sum of cubes times a weight: its gradient is 3 w x^2, which one can write down."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([0.5, -1.0, 2.0]))

    def forward(self, x):
        return (x.flatten(1) ** 3 * self.weight).sum(1)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_by_hand(name):
    penalty, critic = PENALTIES[name], Cubic()
    real, fake = (torch.randn(4, 1, 1, 3, generator=torch_generator(seed)) for seed in (0, 1))
    points = {
        "real": real,
        "fake": fake,
        "both": torch.cat([real, fake]),
        "between": between(real, fake, torch_generator(2)),
    }[penalty.at].requires_grad_()
    value = penalty_value(penalty, squared_gradient_norm(critic(points), points), 4)
    x = points.detach().flatten(1).double().numpy()
    norm = np.linalg.norm(3 * critic.weight.detach().double().numpy() * x**2, axis=1)
    by_hand = {
        "r1": lambda: 0.5 * np.mean(norm**2),
        "r2": lambda: 0.5 * np.mean(norm**2),
        "r1r2": lambda: 0.5 * np.mean(norm[:4] ** 2) + 0.5 * np.mean(norm[4:] ** 2),
        "zero_centred": lambda: np.mean(norm**2),
        "wgan": lambda: np.mean((norm - 1) ** 2),
    }[name]()
    assert float(value.detach()) == pytest.approx(by_hand, rel=1e-5)
    # The penalty's own gradient, against differences of the formula.
    value.backward()
    step = 1e-3
    for place in range(3):
        ends = []
        for sign in (1, -1):
            weight = critic.weight.detach().double().numpy().copy()
            weight[place] += sign * step
            norm = np.linalg.norm(3 * weight * x**2, axis=1)
            square = norm**2 if penalty.centre == 0 else (norm - 1) ** 2
            ends.append(penalty.factor * square.sum() / 4)
        assert float(critic.weight.grad[place]) == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-3)


def test_points_between_lie_on_their_lines():
    real, fake = torch.full((50, 1, 2, 2), 3.0), torch.full((50, 1, 2, 2), -1.0)
    points = between(real, fake, torch_generator(0))
    assert points.min() >= -1.0
    assert points.max() <= 3.0
    assert (points.flatten(1).std(dim=1) < 1e-6).all()  # one share for a whole row
    assert points[:, 0, 0, 0].std() > 0.5


def test_packs_hold_neighbours():
    images = torch.arange(12.0).view(6, 1, 1, 2)
    packed = pack(images, 3)
    assert packed.shape == (2, 3, 1, 2)
    assert packed[1].flatten().tolist() == [6, 7, 8, 9, 10, 11]
    for n_rows, size in itertools.product(range(1, 9), (1, 2, 3)):
        rows = whole_packs(torch.arange(n_rows), size)
        assert len(rows) % size == 0
        assert len(rows) >= 2 * size
        assert set(rows.tolist()) == set(range(n_rows))


def test_moving_average_by_hand():
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 5.0)
    average, expected = MovingAverage(network, 0.5), 5.0
    for step, value in enumerate([1.0, 2.0, -4.0, 7.0, 7.5, 0.0, 2.0, 1.0, 9.0, 3.0], start=1):
        torch.nn.init.constant_(network.weight, value)
        average.update()
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        assert float(average.network.weight.detach()) == pytest.approx(expected, rel=1e-6)


def test_batch_statistics_are_means_over_the_batches():
    norm = torch.nn.BatchNorm1d(2)
    batches = [torch.randn(8, 2, generator=torch_generator(seed)) * 3 + 1 for seed in range(5)]
    estimate_batch_statistics(norm.eval(), batches)
    torch.testing.assert_close(norm.running_mean, torch.stack([batch.mean(0) for batch in batches]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([batch.var(0) for batch in batches]).mean(0))
    assert norm.momentum == 0.1
    assert not norm.training


@pytest.mark.parametrize("layer", [SpectralLinear(6, 4), SpectralConv2d(2, 4, 3, padding=1)], ids=["linear", "conv"])
def test_spectral_norm_is_one(layer):
    torch.nn.init.normal_(layer.weight, generator=torch_generator(0))
    layer.reset_buffers(torch_generator(1))
    for _ in range(200):
        layer._iterate()
    largest = torch.linalg.matrix_norm(layer.normalised().detach().flatten(1), ord=2)
    assert float(largest) == pytest.approx(1.0, abs=1e-4)
    # Frozen, as in the generator's step, it stays where it is.
    layer.weight.requires_grad_(False)
    before = layer.left.clone()
    layer.normalised()
    assert torch.equal(before, layer.left)


def test_minibatch_deviation_is_a_row_of_its_own_in_inference():
    layer, x = MinibatchStandardDeviation(), torch.randn(16, 5, generator=torch_generator(0))
    spread = layer(x)[:, -1]
    assert float(spread[0]) == pytest.approx(float(x.std(dim=0, correction=0).mean()), rel=1e-5)
    assert torch.equal(layer.eval()(x)[:3], layer(x[:3]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 9, 14), (1, 1, 5)], ids=str)
def test_architectures_fit_any_image(architecture, shape):
    state = torch.get_rng_state()
    random = torch_generator(0)
    generator = build_generator(architecture, 7, shape, widths=None, norm="batch", generator=random)
    discriminator = build_discriminator(
        architecture,
        shape,
        widths=None,
        packing=2,
        dropout=0.1,
        spectral_norm=True,
        minibatch_std=True,
        generator=random,
    )
    images = generator(torch.randn(4, 7, generator=random))
    assert images.shape == (4, *shape)
    assert images.abs().max() <= 1
    assert discriminator.eval()(pack(images, 2)).shape == (2,)
    assert torch.equal(torch.get_rng_state(), state)  # nothing was drawn from the global generator
    for network in (generator, discriminator):
        again = type(network)(**network.config)
        again.load_state_dict(network.state_dict())


@pytest.mark.parametrize(
    ("side", "grid", "channels"),
    [(8, 2, 64), (28, 7, 64), (32, 4, 32), (64, 4, 16), (75, 5, 16), (128, 4, 16)],
    ids=str,
)
def test_convolutions_start_from_a_small_grid_whatever_the_image(side, grid, channels):
    make = {"widths": None, "generator": torch_generator(0)}
    generator = build_generator("dcgan", 3, (3, side, side), norm="none", **make)
    assert generator.grid == (128, grid, grid)
    assert generator.config["widths"][-1] == channels
    shown = {"packing": 1, "dropout": 0.0, "spectral_norm": False, "minibatch_std": False}
    discriminator = build_discriminator("dcgan", (3, side, side), **shown, **make)
    assert discriminator.config["widths"] == generator.config["widths"][::-1]


def test_latents_and_schedules():
    draws = {name: draw(20_000, 2, torch_generator(0)) for name, draw in LATENTS.items()}
    assert draws["uniform"].abs().max() <= 1
    assert float(draws["uniform"].var()) == pytest.approx(1 / 3, abs=0.01)
    nearest = draws["corners"].sign()
    assert (draws["corners"] - nearest).std().item() == pytest.approx(0.1, abs=0.002)
    shares = (nearest == 1).all(dim=1).float().mean().item(), (nearest[:, 0] == 1).float().mean().item()
    np.testing.assert_allclose(shares, (0.25, 0.5), atol=0.015)
    assert float(draws["normal"].var()) == pytest.approx(1.0, abs=0.03)
    assert [SCHEDULES["linear"](share) for share in (0.0, 0.25, 1.0)] == [1.0, 0.75, 0.0]
    assert SCHEDULES["cosine"](0.5) == pytest.approx(0.5)
    assert SCHEDULES["constant"](0.9) == 1.0


def test_signed_images():
    stack = torch.tensor([[[0, 255]]], dtype=torch.uint8)
    assert as_signed_images(stack).flatten().tolist() == [-1.0, 1.0]
    assert as_signed_images(torch.tensor([[[0.5]]])).tolist() == [[[[0.0]]]]
    assert as_signed_images(torch.zeros(2, 4, 5, 3, dtype=torch.uint8)).shape == (2, 3, 4, 5)


def test_rows_do_not_depend_on_how_many_are_called():
    network = build_generator("mlp", 7, (1, 8, 8), widths=None, norm="none", generator=torch_generator(0))
    z = torch.randn(130, 7, generator=torch_generator(1))
    whole = call_in_batches(network, z)
    assert all(torch.equal(whole[place], call_in_batches(network, z[place : place + 1])[0]) for place in (0, 64, 129))


def trainer(**options):
    random = torch_generator(0)
    generator = build_generator("mlp", 4, (1, 1, 3), widths=(8,), norm="none", generator=random)
    discriminator = build_discriminator(
        "mlp",
        (1, 1, 3),
        widths=(8,),
        packing=1,
        dropout=0.0,
        spectral_norm=False,
        minibatch_std=False,
        generator=random,
    )
    return AdversarialTrainer(generator, discriminator, random=random, latent_dim=4, total_steps=10, **options)


def test_a_step_is_the_textbooks():
    """One step of both players against the same written out with autograd and Adam, real and fake rows apart."""
    own, twin = trainer(gradient_penalty="r1r2"), trainer()
    batch = torch.rand(6, 1, 3, generator=torch_generator(5))
    own.train_step(batch)
    real = batch.unsqueeze(1) * 2 - 1
    fake = twin.generator(torch.randn(6, 4, generator=twin.random))
    adams = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
        for network in (twin.generator, twin.discriminator)
    ]
    loss = 0.0
    for rows, target in ((real, 1.0), (fake.detach(), 0.0)):
        rows = rows.clone().requires_grad_()
        logits = twin.discriminator(rows)
        loss = loss + functional.binary_cross_entropy_with_logits(logits, torch.full((6,), target))
        (slope,) = torch.autograd.grad(logits.sum(), rows, create_graph=True)
        loss = loss + 10.0 / 2 * slope.flatten(1).norm(dim=1).square().mean()
    adams[1].zero_grad()
    loss.backward()
    adams[1].step()
    adams[0].zero_grad()
    functional.binary_cross_entropy_with_logits(twin.discriminator(fake), torch.ones(6)).backward()
    adams[0].step()
    for mine, theirs in ((own.generator, twin.generator), (own.discriminator, twin.discriminator)):
        for a, b in zip(mine.parameters(), theirs.parameters()):
            torch.testing.assert_close(a, b, atol=2e-7, rtol=1e-5)


def test_critic_steps_clip_and_rates():
    own = trainer(objective="wasserstein", critic_steps=3, lr_schedule="linear", learning_rates=(1e-2, 1e-2))
    batch, moved = torch.rand(6, 1, 3, generator=torch_generator(5)), []
    for _ in range(6):
        before = [parameter.clone() for parameter in own.generator.parameters()]
        own.train_step(batch)
        moved.append(any(not torch.equal(a, b) for a, b in zip(before, own.generator.parameters())))
    assert moved == [True, False, False, True, False, False]
    assert max(float(parameter.detach().abs().max()) for parameter in own.discriminator.parameters()) <= 0.01
    assert own.optimisers[0].learning_rate == pytest.approx(1e-2 * 0.5)


def test_lazy_penalties_weigh_the_same():
    own, batch = trainer(gradient_penalty="r1", penalty_interval=2), torch.rand(6, 1, 3, generator=torch_generator(5))
    values = [float(own.train_step(batch)["gradient_penalty"]) for _ in range(4)]
    assert values[0] == values[1] != values[2] == values[3]  # taken at every second step, reported in between


def test_instance_noise_falls_to_nothing():
    own, images = trainer(instance_noise=0.5), torch.zeros(400, 1, 1, 3)
    assert float(own._seen(images).std()) == pytest.approx(0.5, rel=0.1)
    own.step = 5
    assert float(own._seen(images).std()) == pytest.approx(0.25, rel=0.1)
    own.step = 10
    assert own._seen(images) is images


@pytest.mark.parametrize(
    ("options", "peer"),
    [({}, torch.optim.AdamW), ({"decoupled": False}, torch.optim.Adam)],
    ids=["decoupled", "a part of the gradient"],
)
def test_adam_is_torchs(options, peer):
    mine, theirs = ([torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2, 2))] for _ in range(2))
    own = FusedAdam(mine, learning_rate=0.1, betas=(0.3, 0.9), weight_decay=0.2, **options)
    reference = peer(theirs, lr=0.1, betas=(0.3, 0.9), weight_decay=0.2)
    for step in range(6):
        rate = own.learning_rate = reference.param_groups[0]["lr"] = 0.1 / (1 + step)
        assert rate > 0
        for parameters, optimiser in ((mine, own), (theirs, reference)):
            optimiser.zero_grad()
            loss = (parameters[0] ** 3).sum()
            if step % 2:  # without a gradient, a parameter and its count stay as they are
                loss = loss + (parameters[1] * torch.arange(4.0).view(2, 2)).square().sum()
            loss.backward()
            if step == 3 and optimiser is own:
                norm = torch.cat([parameter.grad.flatten() for parameter in parameters]).norm()
                torch.testing.assert_close(own.gradient_norm(), norm)
            optimiser.step()
    for a, b in zip(mine, theirs):
        torch.testing.assert_close(a, b)
    again = FusedAdam(
        [torch.nn.Parameter(weight.detach().clone()) for weight in mine], learning_rate=0.1, betas=(0, 0.9)
    )
    again.load_state_dict(own.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(again.second, own.second))
    assert [float(step) for step in again.steps] == [6.0, 3.0]
    with pytest.raises(ValueError, match="2 parameters, the optimiser has 1"):
        FusedAdam(mine[:1], learning_rate=0.1, betas=(0, 0.9)).load_state_dict(own.state_dict())
