"""InfoGAN: the generator is told a category and some numbers, which another network must read from its images.

Chen et al. (2016), "InfoGAN: interpretable representation learning by information maximizing generative adversarial
nets". What is read from real images that are changed a little must be the same (Ji et al., 2019,
"Invariant information clustering for unsupervised image classification and segmentation"): else categories come
out as styles of stroke as often as what a person would call kinds.

Three things make the categories of real images and those that are drawn one and the same. Several heads look for
categories, since one that has settled into a poor partition does not leave it; the one whose answers say most of each
other is gone on with. The reader learns categories of real rows alone: the bound on the information holds for any
reader, and one that learns what the generator does agrees with it upon marks that no real row has. And the generator
is read after the same small changes, which such marks do not outlast. Only the last layer of the continuous codes
learns from draws.
"""

import contextlib
import copy
import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._dcgan import base_grid, pad_to
from toolkit.generators.adversarial._mlp import SLOPE
from toolkit.generators.adversarial._trainer import AdversarialTrainer
from toolkit.nn import FusedAdam, build, torch_generator

__all__ = ["N_HEADS", "InformationTrainer", "RecognitionNetwork", "append_codes"]

_TURN, _SCALE, _SHEAR, _SHIFT = math.radians(15), 0.15, 0.2, 0.12  # of the changes that mean nothing
_KEPT = 0.9  # of the joint distribution of categories, from one batch to the next
_SHARPNESS = 3.0  # of the softmax over normalised logits
N_HEADS = 12  # that look for categories before one is chosen
_CHOICE = 0.25  # share of the training after which it is
_CHOICE_STEPS = 1000  # where no end of the training is known
_REMEMBERED = 0.99  # of the information of each head, from one batch to the next


def append_codes(
    latents: torch.Tensor, n_categories: int, n_continuous: int, generator: torch.Generator
) -> torch.Tensor:
    """Latents with a category, one column each, and numbers in [-1, 1] behind them.

    Parameters
    ----------
    latents : tensor of shape (n, latent_dim)
    n_categories, n_continuous : int
    generator : torch.Generator

    Returns
    -------
    tensor of shape (n, latent_dim + n_categories + n_continuous)

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import append_codes
    >>> codes = append_codes(torch.zeros(5, 2), 3, 1, torch.Generator().manual_seed(0))[:, 2:]
    >>> tuple(codes.shape), codes[:, :3].sum(dim=1).tolist(), bool(codes[:, 3].abs().max() <= 1)
    ((5, 4), [1.0, 1.0, 1.0, 1.0, 1.0], True)
    """
    parts, n_rows, device = [latents], len(latents), latents.device
    if n_categories:
        drawn = torch.randint(n_categories, (n_rows,), generator=generator, device=device)
        parts.append(functional.one_hot(drawn, n_categories).to(latents.dtype))
    if n_continuous:
        parts.append(2.0 * torch.rand((n_rows, n_continuous), generator=generator, device=device) - 1.0)
    return torch.cat(parts, dim=1)


class RecognitionNetwork(nn.Module):
    """Images (batch, channels, height, width) in [-1, 1] to logits of categories and continuous codes, side by side.

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``.
    n_categories, n_continuous : int
    widths : sequence of int, default=(32, 64)
        Channels of each grid, the finest first, which halve the side; images of fewer than 8 rows or columns have a
        hidden layer of the last width instead.
    n_heads : int, default=1
        Readers of categories on the same layers; their logits come one after another.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import RecognitionNetwork
    >>> network = RecognitionNetwork((1, 8, 8), n_categories=3, n_continuous=2, widths=(4, 8))
    >>> tuple(network(torch.zeros(4, 1, 8, 8)).shape)
    (4, 5)
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        *,
        n_categories: int,
        n_continuous: int,
        widths: Sequence[int] = (32, 64),
        n_heads: int = 1,
    ):
        super().__init__()
        self.config: dict[str, Any] = {
            "image_shape": list(image_shape),
            "n_categories": n_categories,
            "n_continuous": n_continuous,
            "widths": list(widths),
            "n_heads": n_heads,
        }
        channels, height, width = image_shape
        n_logits = n_heads * n_categories
        if min(height, width) >= 8:
            grid = base_grid(height, width, len(widths))
            self.padded = tuple(side * 2 ** len(widths) for side in grid)
            layers = []
            for n_in, n_out in itertools.pairwise([channels, *widths]):
                layers += [nn.Conv2d(n_in, n_out, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
            n_features = widths[-1] * math.prod(grid)
        else:
            self.padded, n_features = (height, width), 2 * widths[-1]
            layers = [nn.Flatten(), nn.Linear(math.prod(image_shape), n_features), nn.LeakyReLU(SLOPE, inplace=True)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.BatchNorm1d(n_features))
        self.hidden = nn.Sequential(nn.Linear(n_features, 128), nn.BatchNorm1d(128), nn.LeakyReLU(SLOPE, inplace=True))
        self.category = nn.Linear(128, n_logits) if n_categories else None
        # Logits of no spread within a batch would make one category of everything.
        self.evened = nn.BatchNorm1d(n_logits, affine=False) if n_categories else None
        self.continuous = nn.Linear(128, n_continuous) if n_continuous else None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = self.features(images)
        parts = []
        if self.category is not None and self.evened is not None:
            parts.append(_SHARPNESS * self.evened(self.category(hidden)))
        if self.continuous is not None:
            parts.append(self.continuous(hidden))
        return torch.cat(parts, dim=1)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """What categories and continuous codes are read from, (batch, 128)."""
        return self.hidden(self.body(pad_to(images, *self.padded)))

    def with_head(self, place: int) -> "RecognitionNetwork":
        """A copy that has one head of this only."""
        n_categories, device = self.config["n_categories"], next(self.parameters()).device
        network = build(lambda: RecognitionNetwork(**self.config | {"n_heads": 1}), torch_generator(0)).to(device)
        rows = slice(place * n_categories, (place + 1) * n_categories)
        state = self.state_dict()
        for name, value in state.items():
            if name.startswith(("category.", "evened.")) and value.ndim:
                state[name] = value[rows]
        network.load_state_dict(state)
        return network.train(self.training)


def slight_change(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Images turned, scaled, sheared and moved a little, each by itself."""
    turn, scale, shear, right, down = (
        reach * (2.0 * torch.rand(len(images), generator=random, device=images.device) - 1.0)
        for reach in (_TURN, _SCALE, _SHEAR, _SHIFT, _SHIFT)
    )
    cosine, sine, scale = turn.cos(), turn.sin(), 1.0 + scale
    rows = [
        torch.stack([scale * cosine, shear - sine, right], dim=1),
        torch.stack([sine, scale * cosine, down], dim=1),
    ]
    grid = functional.affine_grid(torch.stack(rows, dim=1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def mutual_information(joint: torch.Tensor) -> torch.Tensor:
    """Of joint distributions (..., k, k), in nats.

    Examples
    --------
    >>> import torch
    >>> known = mutual_information(torch.eye(4) / 4).exp().item()
    >>> unknown = mutual_information(torch.full((3, 3), 1 / 9)).item()
    >>> round(known, 3), round(abs(unknown), 3)
    (4.0, 0.0)
    """
    joint = joint.clamp_min(1e-8)
    rows, columns = joint.sum(dim=-1, keepdim=True), joint.sum(dim=-2, keepdim=True)
    return (joint * (joint.log() - rows.log() - columns.log())).sum(dim=(-2, -1))


class InformationTrainer(AdversarialTrainer):
    """An :class:`AdversarialTrainer` whose generator is told codes, and a network that reads them.

    Parameters
    ----------
    generator, discriminator : torch.nn.Module
    recognition : RecognitionNetwork
    n_categories, n_continuous : int
    information_weight : float
        Of the codes in the generator's loss.
    **options
        As for :class:`AdversarialTrainer`.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import ARCHITECTURES, InformationTrainer, RecognitionNetwork
    >>> codes, mlp = {"n_categories": 3, "n_continuous": 1}, ARCHITECTURES["mlp"]
    >>> networks = mlp.generator(2 + 3 + 1, (1, 8, 8), widths=(8,)), mlp.discriminator((1, 8, 8), widths=(8,))
    >>> recognition = RecognitionNetwork((1, 8, 8), **codes, widths=(4, 8))
    >>> trainer = InformationTrainer(*networks, recognition, **codes, information_weight=1.0, latent_dim=2,
    ...                              random=torch.Generator().manual_seed(0), total_steps=10)
    >>> "information_loss" in trainer.train_step(torch.zeros(4, 8, 8))
    True
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        recognition: nn.Module,
        *,
        n_categories: int,
        n_continuous: int,
        information_weight: float,
        **options: Any,
    ):
        super().__init__(generator, discriminator, **options)
        self.n_categories, self.n_continuous = n_categories, n_continuous
        self.information_weight = information_weight
        self._read_by(recognition)
        self._draw_latents, self.draw = self.draw, self._draw
        self._codes = torch.empty(0)

    def finished_recognition(self) -> nn.Module:
        """The network to keep: with the head that is best so far, where none has been chosen yet."""
        recognition = copy.deepcopy(self.recognition)
        return recognition.with_head(self._best_head()) if self._chooses else recognition

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on as if nothing had happened."""
        further = {"recognition": self.recognition.state_dict(), "reader": self.reader.state_dict()}
        further |= {"joint": self.joint.clone(), "information": self.information.clone()}
        return super().state_dict() | further

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        super().load_state_dict(state)
        joint = state["joint"].to(self.device)
        joint = joint[None] if joint.ndim == 2 else joint  # of versions in which there was one head
        if self._chooses and len(joint) == 1:
            self._read_by(self.recognition.with_head(0))
        self.recognition.load_state_dict(state["recognition"])
        self.reader.load_state_dict(state["reader"])
        self.joint = joint
        if "information" in state:
            self.information = state["information"].to(self.device)

    @property
    def follows_plan(self) -> bool:
        """Whether what a step does depends on how many there are to be."""
        return super().follows_plan or self._chooses

    @property
    def _chooses(self):
        """Whether several heads are still looking for categories."""
        return len(self.joint) > 1

    def _read_by(self, recognition):
        self.recognition = recognition.train()
        self.reader = FusedAdam(recognition.parameters(), learning_rate=1e-3, betas=(0.9, 0.99))
        n_heads, n_categories = recognition.config["n_heads"], self.n_categories
        self.joint = torch.zeros((n_heads, n_categories, n_categories), device=self.device)
        self.information = torch.zeros(n_heads, device=self.device)

    def _best_head(self):
        return int(self.information.argmax())

    def _choose(self):
        """Go on with the head whose categories say most of each other."""
        best = self._best_head()
        joint, information = self.joint[best : best + 1], self.information[best : best + 1]
        self._read_by(self.recognition.with_head(best))
        self.joint, self.information = joint, information

    def _is_late(self):
        """Whether it is time to choose."""
        if self.share is None and not self.total_steps:
            return self.step >= _CHOICE_STEPS
        return self._done() >= _CHOICE

    def _draw(self, n_samples, latent_dim, generator):
        latents = self._draw_latents(n_samples, latent_dim, generator)
        latents = append_codes(latents, self.n_categories, self.n_continuous, generator)
        self._codes = latents[:, latent_dim:]
        return latents

    def _further_generator_loss(self, real, fake):
        """Codes must be read from what was drawn; first the reader learns, then the generator to be read."""
        further = super()._further_generator_loss(real, fake)
        if self._chooses and self._is_late():
            self._choose()
        losses = [self._inconsistency(real)] if self.n_categories else []
        if not self._chooses:
            # Of an image as it is the generator would hide the code in what no eye sees.
            fake = slight_change(fake, self.random) if self.n_categories else fake
            if self.n_continuous:
                losses.append(self._strayed(fake.detach()))
        self.reader.zero_grad()
        torch.stack(losses).sum().backward()
        self.reader.step()
        if self._chooses:
            return further
        self.recognition.requires_grad_(False)
        told = self.information_weight * self._misread(fake)
        self.recognition.requires_grad_(True)
        self.last["information_loss"] = told.detach()
        return told if further is None else told + further

    def _misread(self, images):
        """Cross entropy of categories and squared errors of continuous codes."""
        with self._reading():
            answer = self.recognition(images).float()
        loss = answer.new_zeros(())
        if self.n_categories:
            wanted = self._codes[:, : self.n_categories]
            loss = loss - (wanted * answer[:, : self.n_categories].log_softmax(dim=1)).sum(dim=1).mean()
        if self.n_continuous:
            loss = loss + self._squared_error(answer[:, self.n_categories :])
        return loss

    def _strayed(self, images):
        """Squared errors of continuous codes, for the reader: what categories are read from is left alone."""
        with self._reading():
            if not self.n_categories:
                return self._squared_error(self.recognition(images).float())
            with torch.no_grad():
                features = self.recognition.features(images)
            return self._squared_error(self.recognition.continuous(features).float())

    def _squared_error(self, answer):
        return (answer - self._codes[:, self.n_categories :]).square().mean()

    @contextlib.contextmanager
    def _reading(self):
        """Rows are read one by one, by statistics of real ones, where the reader learns from real ones."""
        self.recognition.train(not self.n_categories)
        with self.autocast():
            yield
        self.recognition.train()

    def _inconsistency(self, real):
        """Minus the information that the category of a row, changed a little, has of that of the same, changed anew."""
        n_rows, n_heads = len(real), len(self.joint)
        with self.autocast():
            answer = self.recognition(slight_change(torch.cat([real, real]), self.random)).float()
        logits = answer[:, : n_heads * self.n_categories].reshape(2, n_rows, n_heads, self.n_categories)
        mine, theirs = logits.softmax(dim=3)
        joint = torch.einsum("nhi,nhj->hij", mine, theirs) / n_rows
        joint = 0.5 * (joint + joint.mT)
        scale = 1.0
        if n_rows > 1:
            kept = _KEPT if float(self.joint.sum()) > 0 else 0.0
            joint = kept * self.joint + (1.0 - kept) * joint
            self.joint, scale = joint.detach(), 1.0 / (1.0 - kept)
        information = mutual_information(joint)
        self.information = _REMEMBERED * self.information + (1.0 - _REMEMBERED) * information.detach()
        self.last["category_information"] = information.detach().max()
        return -scale * information.mean()
