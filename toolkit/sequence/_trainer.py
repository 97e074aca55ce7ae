"""One step of learning to calculate: encoder-decoder, and where pictures are on either side their reader and writer."""

import math
from collections.abc import Callable

import torch
from torch.nn import functional

from toolkit.nn import GeneratorDropout, StateMixin

__all__ = ["ReaderTrainer", "SequenceTrainer", "jitter", "one_cycle"]

_CLIP = 1.0  # largest norm of a gradient
_WARM = 0.2  # share of the steps in which the rate rises


def one_cycle(step: int, n_steps: int) -> float:
    """The rate at a step, as a share of its peak: half a cosine up, half a cosine down.

    Smith and Topin (2019), "Super-convergence".
    """
    share = min(step / max(n_steps, 1), 1.0)
    if share < _WARM:
        return 0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * share / _WARM))
    return 0.5 * (1 + math.cos(math.pi * (share - _WARM) / (1 - _WARM))) + 1e-4


def _adam(modules, rate, weight_decay):
    """AdamW that lets biases and norms alone."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    decayed = [parameter for parameter in parameters if parameter.ndim > 1]
    free = [parameter for parameter in parameters if parameter.ndim < 2]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, fused=all(part.device.type in ("cpu", "cuda") for part in parameters))


def jitter(pictures: torch.Tensor, generator: torch.Generator, amount: float) -> torch.Tensor:
    """Pictures (n, height, width) slightly turned, slanted, magnified and shifted, each in its own way."""
    if amount == 0:
        return pictures
    n, height, width = pictures.shape
    draw = torch.rand(n, 6, generator=generator, device=pictures.device) * 2 - 1
    angle, shear, grow_x, grow_y = (draw[:, place] * 0.2 * amount for place in range(4))
    shift = draw[:, 4:] * 0.14 * amount  # in halves of the picture: two pixels of 28
    turn = torch.stack([torch.cos(angle), -torch.sin(angle), torch.sin(angle), torch.cos(angle)], 1).view(n, 2, 2)
    scale = torch.zeros(n, 2, 2, device=pictures.device)
    scale[:, 0, 0], scale[:, 1, 1], scale[:, 0, 1] = 1 + grow_x, 1 + grow_y, shear
    matrix = torch.cat([turn @ scale, shift[:, :, None]], dim=2)
    grid = functional.affine_grid(matrix, [n, 1, height, width], align_corners=False)
    return functional.grid_sample(pictures[:, None], grid, align_corners=False)[:, 0]


class ReaderTrainer(StateMixin):
    """Teaches a :class:`CharacterReader` alone: pictures and their characters."""

    _state = ("network", "optimiser", "generator", "step")

    def __init__(
        self,
        network: torch.nn.Module,
        n_steps: int,
        generator: torch.Generator,
        *,
        to_unit: Callable,
        rate: float = 4e-3,
        augment: float = 1.0,
    ):
        self.network, self.n_steps, self.generator = network, n_steps, generator
        self.to_unit, self.rate, self.augment = to_unit, rate, augment
        self.optimiser = _adam([network], rate, 0.01)
        self.device = next(network.parameters()).device
        self.step = 0

    def train_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
        pictures, characters = batch
        self.step += 1
        _set_rate(self.optimiser, self.rate * one_cycle(self.step, self.n_steps))
        logits = self.network(jitter(self.to_unit(pictures), self.generator, self.augment))
        loss = functional.cross_entropy(logits, characters, label_smoothing=0.02)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}


class SequenceTrainer(StateMixin):
    """Owns encoder-decoder, reader and writer with their optimisers; one ``train_step`` is a step of all of them.

    A batch is a dict's values in the order of ``fields``: ``source`` and ``target`` (int64 characters),
    ``source_pictures`` and ``target_pictures``. Where characters and pictures are both known, the arithmetic is learnt
    from the characters of the whole batch, and reader and writer from the pictures of some of its rows: to read a
    picture costs twice as much as to answer a query.

    Parameters
    ----------
    network : SequenceNetwork
    reader : CharacterReader or None
    writer : VariedWriter, BlurredWriter or None
    fields : tuple of str
    n_steps : int
        Steps that will be taken in all, for the schedule of the rate.
    generator : torch.Generator
        Dropout, jitter and latent noise.
    learning_rate, weight_decay : float
        Of the encoder-decoder, at the peak.
    picture_learning_rate : float
        Of reader and writer, at the peak.
    picture_rows : int
        Rows of a batch whose pictures are used, where the characters are known as well.
    augment : float
        Strength of the jitter of pictures that are read.
    to_unit : callable
        A tensor of source pictures to float32 in [0, 1].
    target_to_unit : callable
        The same for target pictures.
    """

    _state = ("network", "reader", "writer", "optimisers", "generator", "step")

    follows_plan = True  # the rate is one cycle over all steps

    def __init__(
        self,
        network: torch.nn.Module,
        reader: torch.nn.Module | None,
        writer: torch.nn.Module | None,
        fields: tuple[str, ...],
        n_steps: int,
        generator: torch.Generator,
        *,
        learning_rate: float,
        weight_decay: float,
        picture_learning_rate: float,
        picture_rows: int,
        augment: float,
        to_unit: Callable | None = None,
        target_to_unit: Callable | None = None,
    ):
        self.network, self.fields = network, fields
        self.n_steps, self.generator = n_steps, generator
        self.picture_rows, self.augment = picture_rows, augment
        self.to_unit, self.target_to_unit = to_unit, target_to_unit
        self.reader, self.writer = _Optional(reader), _Optional(writer)
        self.device = next(network.parameters()).device
        self._rates = [learning_rate]
        adams = [_adam([network], learning_rate, weight_decay)]
        for part in (reader, writer):
            if part is not None:
                self._rates.append(picture_learning_rate)
                adams.append(_adam([part], picture_learning_rate, 0.01))
        self.optimisers = _Together(adams)
        for layer in network.modules():
            if isinstance(layer, GeneratorDropout):
                layer.generator = generator
        self.step = 0

    def train_step(self, batch: torch.Tensor | tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        named = dict(zip(self.fields, batch if isinstance(batch, tuple) else (batch,)))
        self.step += 1
        share = one_cycle(self.step, self.n_steps)
        for optimiser, rate in zip(self.optimisers.adams, self._rates):
            _set_rate(optimiser, rate * share)
        losses = self._losses(named)
        loss = sum(losses.values())
        self.optimisers.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimisers.step()
        return {"loss": loss.detach(), **{name: value.detach() for name, value in losses.items()}}

    def _losses(self, named):
        losses = {}
        target, known = named.get("target"), named.get("source")
        source = None
        if known is not None:
            source = functional.one_hot(known, self.network.config["n_source"]).float()
        if self.reader.part is not None:
            read = self._read(named["source_pictures"], known, losses)
            # Characters for most rows, and what was read for those whose pictures were used.
            source = read if source is None else torch.cat([read, source[len(read) :]])
        logits, _ = self.network(source, target)
        if target is not None:
            losses["characters"] = functional.cross_entropy(logits.flatten(0, 1), target.flatten())
        if self.writer.part is not None:
            losses["writing"] = self._writing(named["target_pictures"], target, logits)
        return losses

    def _read(self, pictures, known, losses):
        """Probabilities (rows, length, n_source) of the characters of some rows, or of all if they are not known."""
        rows = len(pictures) if known is None else min(self.picture_rows, len(pictures))
        length = pictures.shape[1]
        shown = jitter(self.to_unit(pictures[:rows].flatten(0, 1)), self.generator, self.augment)
        logits = self.reader.part(shown)
        if known is not None:
            losses["reading"] = functional.cross_entropy(logits, known[:rows].flatten())
            logits = logits.detach()  # the sums shall not teach the reader: they would teach it their own mistakes
        return torch.softmax(logits, dim=1).unflatten(0, (rows, length))

    def _writing(self, pictures, target, logits):
        """Loss of the writer a pixel."""
        if target is None:  # the blurred one, through the arithmetic and all
            drawn = self.writer.part.write(logits.flatten(0, 1))
            return functional.binary_cross_entropy_with_logits(drawn, self.target_to_unit(pictures.flatten(0, 1)))
        rows = min(self.picture_rows, len(pictures))
        shown = self.target_to_unit(pictures[:rows].flatten(0, 1))
        noise = torch.randn(len(shown), self.writer.part.latent_dim, generator=self.generator, device=self.device)
        pixels, divergence = self.writer.part.losses(shown, target[:rows].flatten(), noise)
        return (pixels + divergence).mean() / shown[0].numel()


class _Optional:
    """A network that may not be there, with a state either way."""

    def __init__(self, part):
        self.part = part

    def state_dict(self):
        return {} if self.part is None else self.part.state_dict()

    def load_state_dict(self, state):
        if self.part is not None:
            self.part.load_state_dict(state)


class _Together:
    """Several optimisers as one."""

    def __init__(self, adams):
        self.adams = adams

    def zero_grad(self):
        for adam in self.adams:
            adam.zero_grad()

    def step(self):
        for adam in self.adams:
            adam.step()

    def state_dict(self):
        return {"adams": [adam.state_dict() for adam in self.adams]}

    def load_state_dict(self, state):
        for adam, own in zip(self.adams, state["adams"], strict=True):
            adam.load_state_dict(own)


def _set_rate(optimiser, rate):
    for group in optimiser.param_groups:
        group["lr"] = rate
