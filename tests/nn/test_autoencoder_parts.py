"""Encoders, decoders, losses, noise and training steps of autoencoders, against closed forms and torch's own."""

import json
import math

import numpy as np
import pytest
import torch
from torch import distributions

from toolkit import nn
from toolkit.detectors._trimmed_autoencoder import RectifierStack
from toolkit.generators.autoencoder._autoencoder_trainer import AutoencoderTrainer, as_images
from toolkit.generators.autoencoder._coders import ACTIVATIONS, ARCHITECTURES, MLPDecoder, MLPEncoder
from toolkit.generators.autoencoder._dense import ACTIVATION_GRADIENTS, DenseChain
from toolkit.generators.autoencoder._dense_trainers import (
    DenseAutoencoderTrainer,
    DenseVariationalTrainer,
    trainer_class,
)
from toolkit.generators.autoencoder._input_noise import INPUT_NOISES
from toolkit.generators.autoencoder._pixel_losses import LOG_DENSITY_CONSTANTS, LOSSES
from toolkit.generators.autoencoder._trained_coder import TrainedCoder
from toolkit.generators.autoencoder._variational_trainer import (
    VariationalTrainer,
    gaussian_kl,
    log_importance_weights,
    split_posterior,
)

SHAPES = [(1, 28, 28), (3, 28, 28), (1, 64, 64), (3, 75, 75), (1, 5, 9), (1, 1, 13), (1, 1, 1)]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def coders(shape=(1, 4, 4), latent_dim=2, *, hidden=(6,), outputs=1, activation="tanh", seed=0):
    generator = nn.torch_generator(seed)
    encoder = nn.build(lambda: MLPEncoder(shape, hidden, latent_dim * outputs, activation), generator)
    decoder = nn.build(lambda: MLPDecoder(latent_dim, hidden[::-1], shape, activation), generator)
    return encoder, decoder


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", SHAPES)
def test_coders_lead_images_of_any_size_to_vectors_and_back(architecture, shape):
    make_encoder, make_decoder = ARCHITECTURES[architecture]
    encoder, decoder = make_encoder(shape, (8, 6), 5), make_decoder(5, (6, 8), shape)
    latent = encoder(torch.rand(2, *shape))
    assert latent.shape == (2, 5)
    assert decoder(latent).shape == (2, *shape)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_network_is_rebuilt_from_its_config(architecture):
    make_encoder, make_decoder = ARCHITECTURES[architecture]
    images = torch.rand(3, 3, 9, 7)
    for network, given in (
        (make_encoder((3, 9, 7), np.array([4, 6]), np.int64(2), "gelu"), images),
        (make_decoder(2, (6, 4), (3, 9, 7), "elu"), torch.rand(3, 2)),
    ):
        again = type(network)(**json.loads(json.dumps(network.config)))
        again.load_state_dict(network.state_dict())
        torch.testing.assert_close(again(given), network(given), rtol=0, atol=0)
    stack = RectifierStack([9, 4])
    assert RectifierStack(**json.loads(json.dumps(stack.config))).state_dict().keys() == stack.state_dict().keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_works_and_an_unknown_one_is_named(name):
    assert torch.isfinite(MLPEncoder((1, 2, 2), (3,), 2, name)(torch.rand(4, 1, 2, 2))).all()
    with pytest.raises(ValueError, match="Unknown activation: 'rellu'.*Did you mean 'relu'"):
        MLPEncoder((1, 2, 2), (3,), 2, "rellu")


@pytest.mark.parametrize("latent_dim", [2, 50])
def test_spread_units_switch_at_places_of_the_prior(latent_dim):
    decoder = nn.build(lambda: MLPDecoder(latent_dim, (4000,), (1, 2, 2)), nn.torch_generator(0))
    decoder.start(torch.rand(1, 2, 2), nn.torch_generator(1))
    weight, bias = decoder.layers[0].weight.detach(), decoder.layers[0].bias.detach()
    length = weight.norm(dim=1)
    torch.testing.assert_close(length, torch.full_like(length, max(math.sqrt(2), 6 * math.sqrt(2 / latent_dim))))
    # Distance of each unit's switching plane from the origin, signed: a standard normal projection of the prior.
    offset = -bias / length
    assert abs(offset.mean()) < 0.06
    assert abs(offset.std() - 1) < 0.05


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_decoder_starts_near_the_mean_image(architecture):
    mean = torch.tensor([-1.0, 0.5, 2.0])[:, None, None].expand(3, 6, 7)
    decoder = nn.build(lambda: ARCHITECTURES[architecture][1](2, (8,), (3, 6, 7)), nn.torch_generator(0))
    decoder.start(mean, nn.torch_generator(1))
    answers = decoder(torch.randn(2000, 2, generator=seeded())).detach()
    torch.testing.assert_close(answers.mean(dim=(0, 2, 3)), mean[:, 0, 0], rtol=0, atol=0.7)
    for name, parameter in decoder.named_parameters():
        if "weight" in name and ("doublings.0" in name or "layers.2" in name):
            parameter.data.zero_()
    torch.testing.assert_close(decoder(torch.randn(5, 2)).detach(), mean.expand(5, 3, 6, 7))


def test_losses_by_hand():
    raw, images = torch.tensor([[[[-1.0, 2.0]]], [[[0.5, 0.0]]]]), torch.tensor([[[[0.0, 1.0]]], [[[0.25, 1.0]]]])
    squared = LOSSES["mse"](raw, images, "identity")
    torch.testing.assert_close(squared, torch.tensor([1.0 + 1.0, 0.0625 + 1.0]))
    p = torch.sigmoid(raw)
    torch.testing.assert_close(LOSSES["mse"](raw, images, "sigmoid"), ((p - images) ** 2).sum((1, 2, 3)))
    expected = -(images * p.log() + (1 - images) * (1 - p).log()).sum((1, 2, 3))
    torch.testing.assert_close(LOSSES["bce"](raw, images, "sigmoid"), expected)
    with pytest.raises(ValueError, match="loss='bce' needs output='sigmoid'"):
        LOSSES["bce"](raw, images, "identity")


def test_minus_the_losses_are_log_densities():
    raw, images = torch.randn(5, 1, 2, 3, generator=seeded()), torch.rand(5, 1, 2, 3, generator=seeded(1)).round()
    normal = distributions.Normal(raw, math.sqrt(0.5)).log_prob(images).sum((1, 2, 3))
    found = 6 * LOG_DENSITY_CONSTANTS["mse"] - LOSSES["mse"](raw, images, "identity")
    torch.testing.assert_close(found, normal)
    bernoulli = distributions.Bernoulli(logits=raw).log_prob(images).sum((1, 2, 3))
    torch.testing.assert_close(6 * LOG_DENSITY_CONSTANTS["bce"] - LOSSES["bce"](raw, images, "sigmoid"), bernoulli)


def test_noise_does_what_its_name_says():
    images = torch.full((200, 1, 20, 20), 0.25)
    gaussian = INPUT_NOISES["gaussian"](images, 0.3, seeded()) - images
    assert abs(gaussian.std() - 0.3) < 0.005
    masked = INPUT_NOISES["masking"](images, 0.3, seeded())
    assert set(masked.unique().tolist()) == {0.0, 0.25}
    assert abs((masked == 0).float().mean() - 0.3) < 0.01
    salted = INPUT_NOISES["salt_and_pepper"](images, 0.4, seeded())
    assert set(salted.unique().tolist()) == {0.0, 0.25, 1.0}
    for value in (0.0, 1.0):
        assert abs((salted == value).float().mean() - 0.2) < 0.01


def test_kl_equals_torch_distributions():
    mean, log_variance = torch.randn(7, 4, generator=seeded()), torch.randn(7, 4, generator=seeded(1))
    posterior = distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = distributions.kl_divergence(posterior, distributions.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)
    assert gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0.0


def test_posterior_is_split_in_halves_and_kept_within_float_range():
    mean, log_variance = split_posterior(torch.tensor([[1.0, 2.0, -99.0, 99.0]]))
    assert mean.tolist() == [[1.0, 2.0]]
    assert torch.isfinite(log_variance.exp()).all()
    assert (log_variance.exp() > 0).all()


def test_importance_weights_equal_torch_distributions():
    mean, log_variance, noise = (torch.randn(6, 3, generator=seeded(seed)) for seed in range(3))
    log_density = torch.randn(6, generator=seeded(3))
    latent = mean + (0.5 * log_variance).exp() * noise
    prior = distributions.Normal(0.0, 1.0).log_prob(latent).sum(1)
    posterior = distributions.Normal(mean, (0.5 * log_variance).exp()).log_prob(latent).sum(1)
    found = log_importance_weights(log_density, mean, log_variance, noise)
    torch.testing.assert_close(found, log_density + prior - posterior)


def test_as_images_scales_uint8_and_puts_channels_first():
    colour = torch.arange(2 * 3 * 4 * 3, dtype=torch.uint8).reshape(2, 3, 4, 3)
    images = as_images(colour)
    assert images.shape == (2, 3, 3, 4)
    torch.testing.assert_close(images[1, 2], colour[1, :, :, 2] / 255)
    grey = torch.rand(2, 3, 4, dtype=torch.float64)
    assert as_images(grey).shape == (2, 1, 3, 4)
    assert as_images(grey).dtype == torch.float32


def test_a_step_is_adam_on_the_mean_squared_error():
    """One step equals torch's own AdamW on a loss written out here."""
    batch = torch.rand(5, 4, 4, generator=seeded())
    trainer = AutoencoderTrainer(
        *coders(), generator=seeded(), total_steps=1, learning_rate=0.1, lr_schedule="constant", weight_decay=0.3
    )
    encoder, decoder = coders()
    optimiser = torch.optim.AdamW(
        [*encoder.parameters(), *decoder.parameters()], lr=0.1, betas=(0.9, 0.98), weight_decay=0.3
    )
    loss = (torch.sigmoid(decoder(encoder(batch[:, None]))) - batch[:, None]).square().mean()
    loss.backward()
    optimiser.step()
    assert float(trainer.train_step(batch)["loss"]) == pytest.approx(loss.item(), rel=1e-6)
    for ours, theirs in zip(
        [*trainer.encoder.parameters(), *trainer.decoder.parameters()], optimiser.param_groups[0]["params"]
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_the_variational_loss_by_hand():
    batch = torch.rand(5, 4, 4, generator=seeded())
    encoder, decoder = coders(outputs=2)
    trainer = VariationalTrainer(encoder, decoder, generator=seeded(9), total_steps=1, beta=3.0, loss="bce")
    found = trainer.losses(batch[:, None])
    answer = encoder(batch[:, None])
    mean, deviation = answer[:, :2], (0.5 * answer[:, 2:]).exp()
    latent = mean + deviation * torch.randn(5, 2, generator=seeded(9))
    reconstruction = -distributions.ContinuousBernoulli(logits=decoder(latent)).log_prob(batch[:, None])
    # The continuous Bernoulli is the cross entropy and a normalising constant, which the loss leaves out.
    constant = distributions.ContinuousBernoulli(logits=decoder(latent))._cont_bern_log_norm()
    reconstruction = (reconstruction + constant).sum((1, 2, 3)).mean()
    kl = (
        distributions.kl_divergence(distributions.Normal(mean, deviation), distributions.Normal(0.0, 1.0)).sum(1).mean()
    )
    torch.testing.assert_close(found["reconstruction"], reconstruction, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found["kl"], kl)
    torch.testing.assert_close(found["loss"], reconstruction + 3.0 * kl, rtol=1e-4, atol=1e-4)


def test_several_draws_are_mirrored_and_their_mean_counts():
    images = torch.rand(5, 1, 4, 4, generator=seeded())
    encoder, decoder = coders(outputs=2)
    trainer = VariationalTrainer(encoder, decoder, generator=seeded(9), total_steps=1, n_draws=3)
    noise = torch.randn(2, 5, 2, generator=seeded(9))
    mean, log_variance = split_posterior(encoder(images))
    errors = [
        (torch.sigmoid(decoder(mean + (0.5 * log_variance).exp() * draw)) - images).square().sum((1, 2, 3))
        for draw in (noise[0], -noise[0], noise[1])
    ]
    torch.testing.assert_close(trainer.losses(images)["reconstruction"], torch.stack(errors).mean())


def test_the_rate_rises_and_falls():
    trainer = AutoencoderTrainer(*coders(), generator=seeded(), total_steps=100, learning_rate=0.01)
    rates = []
    for _ in range(100):
        trainer.train_step(torch.rand(2, 4, 4))
        rates.append(trainer.optimiser.learning_rate)
    assert np.argmax(rates) in (9, 10)
    assert max(rates) == pytest.approx(0.01, rel=0.02)
    assert (np.diff(rates[:9]) > 0).all()
    assert (np.diff(rates[11:]) < 0).all()
    assert 0 < rates[-1] < 1e-5


def test_evaluation_learns_nothing_and_draws_nothing():
    encoder, decoder = coders(outputs=2)
    trainer = VariationalTrainer(encoder, decoder, generator=seeded(4), total_steps=9, noise=0.5)
    before, weights = trainer.generator.get_state(), encoder.layers[0].weight.clone()
    first = trainer.evaluate(torch.rand(3, 4, 4, generator=seeded()))
    assert first == trainer.evaluate(torch.rand(3, 4, 4, generator=seeded()))
    assert (trainer.generator.get_state() == before).all()
    assert (encoder.layers[0].weight == weights).all()
    assert trainer.noise == 0.5


@pytest.mark.parametrize(
    "kind", [AutoencoderTrainer, VariationalTrainer, DenseAutoencoderTrainer, DenseVariationalTrainer]
)
def test_a_trainer_goes_on_exactly_from_its_state(kind):
    batches = [torch.rand(3, 4, 4, generator=seeded(seed)) for seed in range(6)]
    outputs = 2 if issubclass(kind, VariationalTrainer) else 1

    def make():
        return kind(*coders(outputs=outputs), generator=seeded(5), total_steps=6, noise=0.2)

    straight = make()
    expected = [float(straight.train_step(batch)["loss"]) for batch in batches]
    first = make()
    for batch in batches[:3]:
        first.train_step(batch)
    second = make()
    second.load_state_dict(first.state_dict())
    assert [float(second.train_step(batch)["loss"]) for batch in batches[3:]] == expected[3:]
    for a, b in zip(straight.encoder.parameters(), second.encoder.parameters()):
        assert (a == b).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_a_chain_goes_back_as_autograd_does(activation, dtype):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(6, 5), ACTIVATIONS[activation](), torch.nn.Linear(5, 4), ACTIVATIONS[activation]()]
    rows, grad = 3 * torch.randn(7, 6, requires_grad=True), torch.randn(7, 4)
    expected = torch.nn.Sequential(*layers)(rows)
    rows.retain_grad()
    expected.backward(grad)
    theirs = [weight.grad for layer in layers for weight in layer.parameters()]
    chain = DenseChain(layers, activation, dtype)
    near = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 0.05, "atol": 0.15}
    for _ in range(2):  # gradients of an earlier step do not add up
        torch.testing.assert_close(chain.forward(rows.detach()).float(), expected.detach(), **near)
        torch.testing.assert_close(chain.backward(grad, to_rows=True).float(), rows.grad, **near)
    ours = [weight.grad for layer in layers for weight in layer.parameters()]
    for a, b in zip(ours, theirs):
        assert a.dtype == torch.float32
        torch.testing.assert_close(a, b, **near)
    assert chain.backward(grad) is None
    assert set(ACTIVATION_GRADIENTS) == set(ACTIVATIONS)


@pytest.mark.parametrize(("loss", "output"), [("mse", "sigmoid"), ("mse", "identity"), ("bce", "sigmoid")])
@pytest.mark.parametrize("activation", ["silu", "tanh"])
@pytest.mark.parametrize(
    ("plain", "dense", "options"),
    [
        (AutoencoderTrainer, DenseAutoencoderTrainer, {"noise": 0.3}),
        (VariationalTrainer, DenseVariationalTrainer, {"beta": 0.7, "n_draws": 1, "noise": 0.3}),
        (VariationalTrainer, DenseVariationalTrainer, {"beta": 2.0, "n_draws": 3}),
    ],
)
def test_steps_by_hand_are_those_of_autograd(plain, dense, options, loss, output, activation):
    """Losses and weights after some steps, from the same start and with the same noise."""
    variational = plain is VariationalTrainer

    def pair():
        encoder = nn.build(lambda: MLPEncoder((3, 4, 5), (7, 6), 4 if variational else 2, activation), seeded(1))
        decoder = nn.build(lambda: MLPDecoder(2, (6, 7), (3, 4, 5), activation), seeded(2))
        if variational:
            # One row of log variances lies beyond its bound, where nothing flows back.
            encoder.layers[-1].bias.data[3] = 50.0
        return encoder, decoder

    assert trainer_class(*pair(), variational=variational) is dense
    trainers = [
        kind(*pair(), generator=seeded(3), total_steps=5, loss=loss, output=output, weight_decay=0.1, **options)
        for kind in (plain, dense)
    ]
    batches = [(torch.rand(9, 4, 5, 3, generator=seeded(seed)) * 255).to(torch.uint8) for seed in range(4)]
    for batch in [*batches, batches[0][:1]]:
        expected, found = (trainer.train_step(batch) for trainer in trainers)
        assert expected.keys() == found.keys()
        for name in expected:
            assert not found[name].requires_grad
            torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5)
        for a, b in zip(trainers[1].parameters, trainers[0].parameters):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-3, atol=1e-5)
    for a, b in zip(trainers[1].parameters, trainers[0].parameters):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    assert trainers[0].evaluate(batches[0]) == pytest.approx(trainers[1].evaluate(batches[0]), rel=1e-3)


def test_networks_that_do_not_all_learn_are_left_to_autograd():
    encoder, decoder = coders()
    assert trainer_class(encoder, decoder, variational=False) is DenseAutoencoderTrainer
    encoder.layers[0].weight.requires_grad_(False)
    assert trainer_class(encoder, decoder, variational=False) is AutoencoderTrainer
    assert trainer_class(torch.nn.Flatten(), decoder, variational=True) is VariationalTrainer


def test_inference_leaves_the_networks_and_the_other_rows_alone():
    encoder, decoder = coders((3, 4, 5))
    coder = TrainedCoder(encoder, decoder, image_shape=(4, 5, 3), loss="mse", output="sigmoid", device="cpu")
    images = np.random.default_rng(0).random((7, 4, 5, 3)).astype(np.float32)
    latent = coder.encode(images)
    assert latent.dtype == np.float64
    np.testing.assert_allclose(latent[2:3], coder.encode(images[2:3]), rtol=1e-14)
    rebuilt = coder.decode(latent)
    assert rebuilt.shape == images.shape
    np.testing.assert_allclose(coder.losses(images, latent), np.square(rebuilt - images).sum((1, 2, 3)))
    assert encoder.layers[0].weight.dtype == torch.float32
