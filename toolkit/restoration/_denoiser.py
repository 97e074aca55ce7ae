"""A small network that undoes corruptions: a dense draft of the whole image, and convolutions that refine it.

The dense part learns where ink can be (a digit is a global shape), the convolutions keep what the given image still
says about each pixel. They work on 2 x 2 blocks folded into channels, as FFDNet does (Zhang, Zuo and Zhang, 2018,
"FFDNet: toward a fast and flexible solution for CNN-based image denoising"), which makes them four times cheaper. The
network answers in logits: digits are mostly black or white, and the cross entropy learns that many times faster than
a squared error does.

A second, smaller part looks at the image and at the answer, and says of each pixel whether it needs to change at all,
and of the image whether it was damaged in the way it is said to be. A sound image is then left as it is, and so are the
sound pixels of a damaged one: redrawing them costs more than many a corruption does.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from toolkit.nn import FusedAdam, StateMixin, autocast, native_precision

__all__ = ["Denoiser", "DenoiserTrainer"]

# The draft looks at no more than this many pixels a side: larger images are drafted coarsely and refined.
_DRAFT_SIDE = 32
# Weights of the draft by itself and of the damage logit beside the blended image, and how near 0 and 1 that may come.
_REDRAWN, _DAMAGE, _EDGE = 0.3, 0.1, 2e-3


class Denoiser(nn.Module):
    """Corrupted image and the kind of its corruption to the restored image, in three answers.

    Parameters
    ----------
    image_shape : tuple
        ``(height, width)`` or ``(height, width, 3)``.
    n_kinds : int
    hidden : int
        Width of the dense draft.
    width : int
        Channels of the convolutions.
    """

    def __init__(self, image_shape, n_kinds, *, hidden=768, width=24):
        super().__init__()
        self.config = {"image_shape": tuple(image_shape), "n_kinds": n_kinds, "hidden": hidden, "width": width}
        height, self.width = image_shape[:2]
        self.height = height
        self.channels = channels = 3 if len(image_shape) == 3 else 1
        self.grid = (min(height, _DRAFT_SIDE), min(self.width, _DRAFT_SIDE))
        n_values = channels * math.prod(self.grid)
        self.inward = nn.Linear(n_values, hidden)
        self.kind_dense = nn.Linear(n_kinds, hidden, bias=False)
        self.middle = nn.Linear(hidden, hidden)
        self.outward = nn.Linear(hidden, n_values)
        self.first = nn.Conv2d(8 * channels, width, 3, padding=1)
        self.kind_conv = nn.Linear(n_kinds, width, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 4 * channels, 3, padding=1)
        # Weight of the given image in the draft: learnt for each kind.
        self.belief = nn.Linear(n_kinds, 1, bias=False)
        self.compare = nn.Conv2d(12 * channels, width, 3, padding=1)
        self.kind_compare = nn.Linear(n_kinds, width, bias=False)
        self.compare_on = nn.Conv2d(width, width, 3, padding=1)
        self.pixel_gate = nn.Conv2d(width, 4, 3, padding=1)
        self.image_gate = nn.Linear(width, 4)
        self.damage = nn.Sequential(nn.Linear(2 * width + n_kinds, 48), nn.ReLU(), nn.Linear(48, 1))

    def forward(self, images, kinds):
        """Restore images of which the kind of corruption is given.

        Parameters
        ----------
        images : tensor of shape (batch, channels, height, width)
            In [0, 1].
        kinds : tensor of shape (batch, n_kinds)
            One-hot.

        Returns
        -------
        logits : tensor of shape (batch, channels, height, width)
            Of the restored image.
        gate : tensor of shape (batch, 1, height, width)
            How far each pixel is to be replaced, in [0, 1].
        damage : tensor of shape (batch,)
            Logit of whether the image was damaged in that way.
        """
        logits = self._redraw(images, kinds)
        # What is to be replaced is judged by the answer; the answer is not to be bent to please the judge.
        answer = torch.sigmoid(logits).detach()
        folded = self._fold(torch.cat([images, answer, (answer - images).abs()], dim=1))
        x = functional.relu(self.compare(folded) + self.kind_compare(kinds)[:, :, None, None])
        x = x + functional.relu(self.compare_on(x))
        mean = x.mean(dim=(2, 3))
        gate = self._unfold(self.pixel_gate(x) + self.image_gate(mean)[:, :, None, None])
        damage = self.damage(torch.cat([mean, x.amax(dim=(2, 3)), kinds], dim=1))[:, 0]
        return logits, torch.sigmoid(gate), damage

    def _fold(self, images):
        # Odd sides get one more row or column, so that they fold into 2 x 2 blocks.
        padding = (0, self.width % 2, 0, self.height % 2)
        return functional.pixel_unshuffle(functional.pad(images, padding, mode="replicate"), 2)

    def _unfold(self, folded):
        return functional.pixel_shuffle(folded, 2)[:, :, : self.height, : self.width]

    def _redraw(self, images, kinds):
        coarse = images
        if self.grid != (self.height, self.width):
            coarse = functional.adaptive_avg_pool2d(images, self.grid)
        hidden = functional.relu(self.inward(coarse.flatten(1)) + self.kind_dense(kinds))
        hidden = hidden + functional.relu(self.middle(hidden))
        draft = self.outward(hidden).view(-1, self.channels, *self.grid)
        if self.grid != (self.height, self.width):
            draft = functional.interpolate(draft, size=(self.height, self.width), mode="bilinear")
        folded = self._fold(torch.cat([images, torch.sigmoid(draft)], dim=1))
        x = functional.relu(self.first(folded) + self.kind_conv(kinds)[:, :, None, None])
        x = x + functional.relu(self.second(x))
        change = self._unfold(self.last(x))
        believed = self.belief(kinds)[:, :, None, None] * (8 * images - 4)
        return draft + change + believed


class DenoiserTrainer(StateMixin):
    """Owns the optimiser of a :class:`Denoiser`; one ``train_step`` is one step of Adam at a falling rate.

    Parameters
    ----------
    network : Denoiser
    n_kinds : int
    n_steps : int
        Steps that will be taken in all: the rate follows half a cosine down to zero over them.
    rate : float
        Largest learning rate.
    fresh : bool, default=True
        Whether the network knows nothing: what the kind says then begins from zero.
    """

    _state = ("network", "optimiser", "step")

    def __init__(self, network, n_kinds, n_steps, *, rate=4e-3, fresh=True):
        self.network, self.n_kinds, self.n_steps, self.rate = network, n_kinds, max(n_steps, 1), rate
        self.optimiser = FusedAdam(network.parameters(), learning_rate=rate)
        if fresh:
            with torch.no_grad():
                for layer in (network.kind_dense, network.kind_conv, network.kind_compare, network.belief):
                    layer.weight.zero_()
                network.outward.weight.mul_(0.3)
                network.last.weight.mul_(0.3)
        self.step = 0

    def train_step(self, batch):
        # uint8 (batch, channels, height, width), the same, int64 (batch,), bool (batch,)
        given, wanted, kinds, damaged = batch
        self.step += 1
        warm = min(1.0, self.step / 20)
        self.optimiser.learning_rate = (
            self.rate * warm * 0.5 * (1 + math.cos(math.pi * min(self.step / self.n_steps, 1.0)))
        )
        images, wanted = given.float() / 255, wanted.float() / 255
        with autocast(native_precision()):
            answers = self.network(images, functional.one_hot(kinds, self.n_kinds).float())
        logits, gate, damage = (answer.float() for answer in answers)
        blended = torch.lerp(images, torch.sigmoid(logits), gate).clamp(_EDGE, 1 - _EDGE)
        loss = (
            functional.binary_cross_entropy(blended, wanted)
            + _REDRAWN * functional.binary_cross_entropy_with_logits(logits, wanted)
            + _DAMAGE * functional.binary_cross_entropy_with_logits(damage, damaged.float())
        )
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}
