"""The networks and their trainer against what they should compute."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from toolkit.nn import build, torch_generator
from toolkit.sequence._network import SequenceNetwork
from toolkit.sequence._picture_networks import CharacterReader, VariedWriter
from toolkit.sequence._trainer import jitter, one_cycle


def network(**parameters):
    generator = torch_generator(0)
    return build(lambda: SequenceNetwork(5, 4, 3, hidden_size=6, **parameters), generator).start(generator).eval()


def lstm_by_hand(lstm, x, hidden, cell, suffix=""):
    """Hochreiter and Schmidhuber's equations, a step at a time; x: (length, inputs) of one row."""
    weights = [getattr(lstm, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    outputs = []
    for step in x:
        gates = weights[0] @ step + weights[2] + weights[1] @ hidden + weights[3]
        let_in, forget, value, let_out = gates.chunk(4)
        cell = torch.sigmoid(forget) * cell + torch.sigmoid(let_in) * torch.tanh(value)
        hidden = torch.sigmoid(let_out) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs), hidden, cell


@pytest.mark.parametrize("bidirectional", [False, True])
@torch.no_grad()
def test_repeat_vector_with_attention_by_hand(bidirectional):
    net = network(attention=True, bidirectional=bidirectional)
    source = torch.rand(1, 7, 5, generator=torch_generator(1))
    zeros = torch.zeros(3 if bidirectional else 6)
    memory, hidden, cell = lstm_by_hand(net.encoder[0], source[0], zeros, zeros)
    if bidirectional:
        back, back_hidden, back_cell = lstm_by_hand(net.encoder[0], source[0].flip(0), zeros, zeros, "_reverse")
        memory = torch.cat([memory, back.flip(0)], dim=1)
        hidden, cell = torch.cat([hidden, back_hidden]), torch.cat([cell, back_cell])
    outputs, _, _ = lstm_by_hand(net.decoder[0], hidden.expand(3, -1), hidden, cell)
    weights = torch.softmax(outputs @ memory.T / math.sqrt(6), dim=1)
    mixed = torch.tanh(torch.cat([weights @ memory, outputs], dim=1) @ net.mix.weight.T)
    logits, looked = net(source)
    torch.testing.assert_close(logits[0], mixed @ net.readout.weight.T + net.readout.bias)
    torch.testing.assert_close(looked[0], weights)


@pytest.mark.parametrize("attention", [False, True])
@torch.no_grad()
def test_writing_on_equals_being_told_what_was_written(attention):
    """Greedy decoding step by step gives the logits of one pass that is told the same characters."""
    net = network(teacher_forcing=True, attention=attention, n_layers=2)
    source = torch.rand(8, 7, 5, generator=torch_generator(2))
    logits, weights = net(source)
    told, told_weights = net(source, logits.argmax(dim=2))
    torch.testing.assert_close(logits, told)
    if attention:
        torch.testing.assert_close(weights, told_weights)
    # The last true character is told to nobody; an earlier one changes what comes after it only.
    other = logits.argmax(dim=2)
    other[:, 1] = (other[:, 1] + 1) % 4
    changed, _ = net(source, other)
    torch.testing.assert_close(changed[:, :2], logits[:, :2])
    assert not torch.allclose(changed[:, 2], logits[:, 2])


def test_weights_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, second = network(n_layers=2, attention=True), network(n_layers=2, attention=True)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters()))
    assert torch.equal(before, torch.get_rng_state())
    for gate in first.encoder[0].weight_hh_l0.detach().chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(6), atol=1e-5, rtol=0)


def test_one_cycle_rises_falls_and_ends_near_nothing():
    rates = [one_cycle(step, 1000) for step in range(1, 1001)]
    peak = int(np.argmax(rates))
    assert (np.diff(rates[: peak + 1]) > 0).all()
    assert (np.diff(rates[peak:]) < 0).all()
    assert max(rates) <= 1.001
    assert rates[-1] < 2e-4


def test_writer_losses_against_distributions_of_torch():
    generator = torch_generator(0)
    writer = build(lambda: VariedWriter((8, 8), 3, latent_dim=4, hidden=10), generator).double()
    pictures = torch.rand(5, 8, 8, generator=generator, dtype=torch.float64)
    noise = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    characters = torch.tensor([0, 1, 2, 1, 0])
    pixels, divergence = writer.losses(pictures, characters, noise)
    known = functional.one_hot(characters, 3).double()
    hidden = torch.relu(writer.look(torch.cat([pictures.flatten(1), known], dim=1)))
    mean, log_variance = writer.posterior(hidden).chunk(2, dim=1)
    posterior = torch.distributions.Normal(mean, log_variance.exp().sqrt())
    prior = torch.distributions.Normal(torch.zeros(4).double(), torch.ones(4).double())
    torch.testing.assert_close(divergence, torch.distributions.kl_divergence(posterior, prior).sum(1))
    shown = torch.sigmoid(writer.write(characters, mean + noise * posterior.stddev))
    entropy = -(pictures * shown.log() + (1 - pictures) * (1 - shown).log()).flatten(1).sum(1)
    torch.testing.assert_close(pixels, entropy)


@torch.no_grad()
def test_jitter_moves_ink_a_little_and_no_amount_not_at_all():
    blob = torch.zeros(400, 28, 28)
    blob[:, 10:18, 10:18] = 1
    generator = torch_generator(0)
    assert jitter(blob, generator, 0) is blob
    moved = jitter(blob, generator, 1.0)
    places = torch.arange(28.0)
    ink = moved.sum(dim=(1, 2))
    row, column = ((moved.sum(dim=axis) * places).sum(1) / ink for axis in (2, 1))
    for centre in (row, column):
        assert (centre - 13.5).abs().max() < 3.5
        assert centre.std() > 0.5
    assert (ink / 64 - 1).abs().max() < 0.6
    assert ink.std() > 1


@pytest.mark.parametrize("shape", [(8, 8), (9, 13), (28, 28)])
def test_reader_takes_any_shape_and_rows_do_not_know_each_other(shape):
    reader = build(lambda: CharacterReader(shape, 4), torch_generator(0)).eval()
    pictures = torch.rand(6, *shape, generator=torch_generator(1))
    with torch.no_grad():
        together, alone = reader(pictures), torch.cat([reader(picture[None]) for picture in pictures])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
