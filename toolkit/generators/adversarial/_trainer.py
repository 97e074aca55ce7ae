"""One step of both players: the discriminator's on every batch, the generator's on every ``critic_steps``-th,
the first included.

What makes a step cheap: the fakes of the discriminator's step are those of the generator's; real and fake rows pass the
discriminator together unless something needs them apart; the discriminator's weights are frozen while the generator's
gradient is taken; what is only reported, accuracies and norms of gradients, is taken every eighth step.
"""

import contextlib
import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from toolkit.generators._drawing import DrawingMixin
from toolkit.generators.adversarial._architectures import share_randomness
from toolkit.generators.adversarial._augment import augment
from toolkit.generators.adversarial._averaging import MovingAverage, estimate_batch_statistics, has_batch_norm
from toolkit.generators.adversarial._latent import LATENTS
from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._objectives import OBJECTIVES
from toolkit.generators.adversarial._packing import pack, whole_packs
from toolkit.generators.adversarial._penalties import PENALTIES, between, penalty_value, squared_gradient_norm
from toolkit.generators.adversarial._schedules import SCHEDULES
from toolkit.generators.adversarial._unrolled import unrolled_loss
from toolkit.nn import FusedAdam

__all__ = ["AdversarialTrainer", "as_signed_images"]

_REPORT_EVERY = 8
_STATISTICS_BATCHES, _STATISTICS_ROWS = 16, 256  # from which batch-norm statistics are estimated anew


def as_signed_images(batch: torch.Tensor) -> torch.Tensor:
    """Images as the networks take them: channels first, in [-1, 1].

    Parameters
    ----------
    batch : tensor of shape (n, height, width[, 3])
        uint8, or float32 in [0, 1].

    Returns
    -------
    tensor of float32, of shape (n, channels, height, width)

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import as_signed_images
    >>> as_signed_images(torch.tensor([[[0, 255], [255, 0]]], dtype=torch.uint8)).tolist()
    [[[[-1.0, 1.0], [1.0, -1.0]]]]
    >>> tuple(as_signed_images(torch.zeros(2, 8, 6, 3)).shape)
    (2, 3, 8, 6)
    """
    images = batch.permute(0, 3, 1, 2) if batch.ndim == 4 else batch.unsqueeze(1)
    if images.dtype == torch.uint8:
        return images.to(torch.float32).mul_(2.0 / 255.0).sub_(1.0)
    return images.to(torch.float32).mul(2.0).sub_(1.0)


class AdversarialTrainer(DrawingMixin):
    """Two networks with their optimisers, trained by :func:`toolkit.nn.fit_loop`.

    Parameters
    ----------
    generator, discriminator : torch.nn.Module
        Trained in place, on the device they are on.
    random : torch.Generator
        Latents, noise and dropout are drawn from it; on the device of the networks.
    latent_dim, total_steps : int
        ``total_steps`` is the planned length: schedules end there. After it rates are constant and nothing is noisy.
    objective, latent_distribution, lr_schedule : str
        Names in ``OBJECTIVES``, ``LATENTS`` and ``SCHEDULES``.
    gradient_penalty : str or None
        A name in ``PENALTIES``; None is the objective's own, if it has one.
    penalty_weight : float
    penalty_interval : int
        Steps between two penalties, each then this many times stronger (Karras et al., 2020, "Analyzing and improving
        the image quality of StyleGAN", appendix B).
    learning_rates, betas : pair
        Of generator and discriminator.
    critic_steps, packing : int
    label_smoothing : float
        Real rows are to be called real with one minus this probability.
    instance_noise : float
        Standard deviation, in units of half the range, of what is added to all that the discriminator sees; it falls in
        a line to nothing (Sønderby et al., 2017, "Amortised MAP inference for image super-resolution").
    weight_averaging : float or None
    augmentation : str
        Of all that the discriminator sees, see :func:`~toolkit.generators.adversarial._augment.augment`.
    feature_matching : float
        Weight of the distance between the mean features of real and fake rows in the generator's loss.
    unrolled_steps : int
        Steps of the discriminator that the generator looks ahead.
    autocast : callable
        Returns the context in which networks are called.
    draw_rows : callable, optional
        ``draw_rows(network, n_samples, **options)`` gives rows of a finished generator: what :meth:`sample` needs.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import ARCHITECTURES, AdversarialTrainer
    >>> random, mlp = torch.Generator().manual_seed(0), ARCHITECTURES["mlp"]
    >>> networks = mlp.generator(2, (1, 8, 8), widths=(8,)), mlp.discriminator((1, 8, 8), widths=(8,))
    >>> trainer = AdversarialTrainer(*networks, random=random, latent_dim=2, total_steps=10)
    >>> losses = trainer.train_step(torch.zeros(4, 8, 8))
    >>> trainer.step, "generator_loss" in losses, tuple(trainer.finished_generator()(torch.zeros(3, 2)).shape)
    (1, True, (3, 1, 8, 8))
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        random: torch.Generator,
        latent_dim: int,
        total_steps: int,
        objective: str = "nonsaturating",
        latent_distribution: str = "normal",
        lr_schedule: str = "constant",
        gradient_penalty: str | None = None,
        penalty_weight: float = 10.0,
        penalty_interval: int = 1,
        learning_rates: tuple[float, float] = (2e-4, 2e-4),
        betas: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 0.999), (0.5, 0.999)),
        critic_steps: int = 1,
        packing: int = 1,
        label_smoothing: float = 0.0,
        instance_noise: float = 0.0,
        weight_averaging: float | None = None,
        augmentation: str = "none",
        feature_matching: float = 0.0,
        unrolled_steps: int = 0,
        autocast: Callable[[], AbstractContextManager] = contextlib.nullcontext,
        draw_rows: Callable[..., NDArray] | None = None,
    ):
        self.generator, self.discriminator, self.random = generator.train(), discriminator.train(), random
        self.device = random.device
        share_randomness(discriminator, random)
        share_randomness(generator, random)
        self.objective, self.draw, self.schedule = OBJECTIVES[objective], LATENTS[latent_distribution], lr_schedule
        name = self.objective.penalty if gradient_penalty is None else gradient_penalty
        self.penalty = None if name is None else PENALTIES[name]
        self.penalty_weight, self.penalty_interval = penalty_weight, penalty_interval
        self.latent_dim, self.total_steps, self.step = latent_dim, total_steps, 0
        self.share: float | None = None  # of the training that is done, where the clock says so
        self.learning_rates, self.critic_steps, self.packing = learning_rates, critic_steps, packing
        self.real_target, self.instance_noise, self.autocast = 1.0 - label_smoothing, instance_noise, autocast
        self.optimisers = [
            FusedAdam(network.parameters(), learning_rate=rate, betas=beta)
            for network, rate, beta in zip((generator, discriminator), learning_rates, betas)
        ]
        self.augmentation, self.feature_matching = augmentation, feature_matching
        self.unrolled_steps = unrolled_steps
        self.draw_rows = draw_rows
        self.average = None if weight_averaging is None else MovingAverage(generator, weight_averaging)
        # Rows that see their batch, and gradients at real or at fake rows only, need two passes instead of one.
        mixes = any(isinstance(layer, MinibatchStandardDeviation) for layer in discriminator.modules())
        self.apart = mixes or has_batch_norm(discriminator)
        self.last: dict[str, Any] = {}  # what is not computed at each step keeps its last value

    @property
    def follows_plan(self) -> bool:
        """Whether what a step does depends on how many there are to be."""
        return self.schedule != "constant" or bool(self.instance_noise)

    def set_share(self, share: float) -> None:
        """How much of the training is done, for schedules that follow a clock instead of steps."""
        self.share = share

    def train_step(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step on a batch (n, height, width[, 3]) of uint8 or of float32 in units of the range."""
        real = as_signed_images(whole_packs(batch, self.packing))
        generates = self.step % self.critic_steps == 0
        self._set_rates()
        latents = self.draw(len(real), self.latent_dim, self.random)
        with self.autocast(), torch.set_grad_enabled(generates):
            fake = self.generator(latents).reshape(real.shape)
        self._discriminator_step(real, fake.detach())
        if generates:
            self._generator_step(real, fake)
        self.step += 1
        return dict(self.last)

    @torch.no_grad()
    def finished_generator(self, latent_seed: int = 0) -> nn.Module:
        """The generator to keep: averaged if asked for, its batch-norm statistics estimated anew."""
        network = copy.deepcopy(self.generator if self.average is None else self.average.network)
        network.requires_grad_(True)
        if has_batch_norm(network):
            random = torch.Generator(self.device).manual_seed(latent_seed)  # the same at each call
            draws = (self.draw(_STATISTICS_ROWS, self.latent_dim, random) for _ in range(_STATISTICS_BATCHES))
            estimate_batch_statistics(network, draws)
        return network.eval()

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on as if nothing had happened."""
        return {
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "average": {} if self.average is None else self.average.network.state_dict(),
            "average_step": 0 if self.average is None else self.average.step,
            "generator_optimiser": self.optimisers[0].state_dict(),
            "discriminator_optimiser": self.optimisers[1].state_dict(),
            "random": self.random.get_state(),
            "step": self.step,
            "last": {name: float(value) for name, value in self.last.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        if self.average is not None:
            self.average.network.load_state_dict(state["average"])
            self.average.step = int(state["average_step"])
        self.optimisers[0].load_state_dict(state["generator_optimiser"])
        self.optimisers[1].load_state_dict(state["discriminator_optimiser"])
        self.random.set_state(state["random"].cpu())
        self.step, self.last = int(state["step"]), dict(state["last"])

    def _done(self):
        """Share of the training that is done; one where no end is known."""
        if self.share is not None:
            return min(self.share, 1.0)
        return self.step / self.total_steps if self.step < self.total_steps else 1.0

    def _set_rates(self):
        done = self._done()
        factor = SCHEDULES[self.schedule](done) if done < 1.0 else 1.0
        for optimiser, rate in zip(self.optimisers, self.learning_rates):
            optimiser.learning_rate = rate * factor

    def _seen(self, images):
        """Images as the discriminator sees them: augmented, noisy, and packed."""
        images = augment(images, self.augmentation, self.random)
        left = 1.0 - self._done()
        if self.instance_noise and left:
            noise = torch.randn(images.shape, generator=self.random, device=images.device)
            images = images + self.instance_noise * left * noise
        return pack(images, self.packing)

    def _discriminator_step(self, real, fake):
        real, fake = self._seen(real), self._seen(fake).to(real.dtype)
        due = self.penalty is not None and self.step % self.penalty_interval == 0
        at = self.penalty.at if due else None
        n_real = len(real)
        if self.apart or at in ("real", "fake"):
            real.requires_grad_(at in ("real", "both"))
            fake.requires_grad_(at in ("fake", "both"))
            with self.autocast():
                real_logits, fake_logits = self._logits(real), self._logits(fake)
            norms = [
                squared_gradient_norm(logits, inputs)
                for logits, inputs in ((real_logits, real), (fake_logits, fake))
                if inputs.requires_grad
            ]
            squared_norm = torch.cat(norms) if norms else None
        else:
            both = torch.cat([real, fake]).requires_grad_(at == "both")
            with self.autocast():
                logits = self._logits(both)
            real_logits, fake_logits = logits[:n_real], logits[n_real:]
            squared_norm = squared_gradient_norm(logits, both) if at == "both" else None
        if at == "between":
            point = between(real, fake, self.random).requires_grad_()
            with self.autocast():
                logits = self._logits(point)
            squared_norm = squared_gradient_norm(logits, point)
        loss = self.objective.discriminator(real_logits, fake_logits, self.real_target)
        further = self._further_loss(real.detach(), real_logits)
        total = loss if further is None else loss + further
        if due:
            value = penalty_value(self.penalty, squared_norm, n_real)
            total = total + self.penalty_weight * self.penalty_interval * value
            self.last["gradient_penalty"] = value.detach()
        self.optimisers[1].zero_grad()
        total.backward()
        self.last["discriminator_loss"] = loss.detach()
        if self._reports():
            self._report(real_logits.detach(), fake_logits.detach())
            self.last["discriminator_gradient_norm"] = self.optimisers[1].gradient_norm()
        self.optimisers[1].step()
        self._clip()

    def _generator_step(self, real, fake):
        if self.unrolled_steps:
            loss = unrolled_loss(self, self._seen(real), self._seen(fake))
        else:
            self.discriminator.requires_grad_(False)
            real_logits = None
            if self.objective.relative:
                with torch.no_grad(), self.autocast():
                    real_logits = self._logits(self._seen(real))
            with self.autocast():
                fake_logits = self._logits(self._seen(fake))
            loss = self.objective.generator(real_logits, fake_logits)
        further = self._further_generator_loss(real, fake)
        self.optimisers[0].zero_grad()
        (loss if further is None else loss + further).backward()
        self.discriminator.requires_grad_(True)
        self.last["generator_loss"] = loss.detach()
        if self._reports() or "generator_gradient_norm" not in self.last:
            self.last["generator_gradient_norm"] = self.optimisers[0].gradient_norm()
        self.optimisers[0].step()
        if self.average is not None:
            self.average.update()

    def _further_loss(self, real, real_logits):
        """What else the discriminator is to learn from real rows as it saw them, or None."""

    def _further_generator_loss(self, real, fake):
        """What else the generator is to learn, or None: to match mean features (Salimans et al., 2016)."""
        if not self.feature_matching:
            return None
        self.discriminator.requires_grad_(False)
        with torch.no_grad(), self.autocast():
            wanted = self.discriminator.features(self._seen(real)).float().mean(dim=0)
        with self.autocast():
            found = self.discriminator.features(self._seen(fake)).float().mean(dim=0)
        distance = (found - wanted).square().mean()
        self.last["feature_distance"] = distance.detach()
        return self.feature_matching * distance

    def _logits(self, images):
        return self.discriminator(images).reshape(len(images)).float()

    @torch.no_grad()
    def _clip(self):
        """Arjovsky et al. (2017) keep a critic that is not penalised within a box of weights."""
        bound = self.objective.weight_clip
        if bound is not None and self.penalty is None:
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-bound, bound)

    def _reports(self):
        return self.step % _REPORT_EVERY == 0 or "real_accuracy" not in self.last

    def _report(self, real, fake):
        """Shares of real rows called real, and of fake rows called fake."""
        threshold = self.objective.threshold
        if threshold is None:
            threshold = 0.5 * (real.mean() + fake.mean())
        self.last["real_accuracy"] = (real > threshold).float().mean()
        self.last["fake_accuracy"] = (fake < threshold).float().mean()
