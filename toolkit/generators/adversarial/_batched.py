"""Replicas of a fully connected pair trained as one network: what differs between them is a seed.

Each replica keeps its own weights, latents, order of the rows, moments of Adam, and guard against divergence; what it
draws is what it would draw alone. Only the sums inside of matrix products run in another order, so that replicas agree
with single trainings as two machines do: to rounding at first, and in what they learn at last.
"""

from collections.abc import Callable, Sequence

import torch
from torch.func import vmap

from toolkit.generators.adversarial._batched_layers import BatchedNetwork, can_be_batched
from toolkit.generators.adversarial._mlp import MLPDiscriminator, MLPGenerator
from toolkit.generators.adversarial._penalties import penalty_value
from toolkit.generators.adversarial._trainer import AdversarialTrainer, as_signed_images
from toolkit.nn import FusedAdam

__all__ = ["BatchedTrainer", "why_not_batched"]

_REPORT_EVERY = 8


def why_not_batched(trainer: AdversarialTrainer) -> str:
    """What of a trainer has no batched form, in words; empty if it has one."""
    generator, discriminator = trainer.generator, trainer.discriminator
    if type(trainer) is not AdversarialTrainer:
        return "codes and labels must be off"
    for name, off in (("unrolled_steps", 0), ("feature_matching", 0.0), ("augmentation", "none")):
        if getattr(trainer, name) != off:
            return f"{name} must be {off!r}"
    if type(generator) is not MLPGenerator or type(discriminator) is not MLPDiscriminator:
        return "architecture must be 'mlp'"
    found = can_be_batched([*generator.body, *discriminator.body, discriminator.head])
    return f"{found} must be off" if found else ""


class BatchedTrainer:
    """Several :class:`AdversarialTrainer` of equal settings, trained by steps of all of them at once.

    Parameters
    ----------
    trainers : sequence of AdversarialTrainer
        Fresh; :meth:`write` gives them back what they would hold.
    """

    def __init__(self, trainers: Sequence[AdversarialTrainer]) -> None:
        self.trainers = list(trainers)
        first = self.trainers[0]
        self.first, self.device, self.step = first, first.device, 0
        self.generator = BatchedNetwork([trainer.generator.body for trainer in self.trainers])
        self.discriminator = BatchedNetwork(
            [[*trainer.discriminator.body, trainer.discriminator.head] for trainer in self.trainers]
        )
        self.optimisers = [
            FusedAdam(network.parameters, learning_rate=rate, betas=optimiser.betas)  # type: ignore[arg-type]
            for network, rate, optimiser in zip(
                (self.generator, self.discriminator), first.learning_rates, first.optimisers
            )
        ]
        self.average = None
        if first.average is not None:
            self.average = [parameter.detach().clone() for parameter in self.generator.parameters]
        self.last: dict[str, torch.Tensor] = {}

    def train_step(self, batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step of every replica on its own rows, (replicas, n, height, width[, 3]); losses are (replicas,)."""
        first = self.first
        n_replicas = len(self.trainers)
        batch = _whole_packs(batch, first.packing)
        n_rows = batch.shape[1]
        real = as_signed_images(batch.flatten(0, 1)).reshape(n_replicas, n_rows, -1)
        generates = self.step % first.critic_steps == 0
        first.step = self.step  # which schedules and noise ask
        first._set_rates()
        for optimiser, known in zip(self.optimisers, first.optimisers):
            optimiser.learning_rate = known.learning_rate
        latents = self._drawn(lambda trainer: trainer.draw(n_rows, trainer.latent_dim, trainer.random))
        with first.autocast(), torch.set_grad_enabled(generates):
            fake = self.generator(latents).tanh()
        self._discriminator_step(real, fake.detach().float())
        if generates:
            self._generator_step(real, fake)
        self.step += 1
        return dict(self.last)

    def _drawn(self, draw: Callable[[AdversarialTrainer], torch.Tensor]) -> torch.Tensor:
        """What every replica draws from its own randomness."""
        return torch.stack([draw(trainer) for trainer in self.trainers])

    def _seen(self, images):
        """Rows as the discriminators see them: noisy, and packed."""
        first = self.first
        left = 1.0 - first._done()
        if first.instance_noise and left:
            noise = self._drawn(
                lambda trainer: torch.randn(images.shape[1:], generator=trainer.random, device=images.device)
            )
            images = images + first.instance_noise * left * noise
        return images.reshape(len(images), -1, first.packing * images.shape[2])

    def _logits(self, rows):
        return self.discriminator(rows).squeeze(2).float()

    def _discriminator_step(self, real, fake):
        first = self.first
        real, fake = self._seen(real), self._seen(fake).to(real.dtype)
        due = first.penalty is not None and self.step % first.penalty_interval == 0
        at = first.penalty.at if due else None
        n_real = real.shape[1]
        norms = None
        if first.apart or at in ("real", "fake"):
            real.requires_grad_(at in ("real", "both"))
            fake.requires_grad_(at in ("fake", "both"))
            with first.autocast():
                real_logits, fake_logits = self._logits(real), self._logits(fake)
            found = [
                _squared_norms(logits, rows)
                for logits, rows in ((real_logits, real), (fake_logits, fake))
                if rows.requires_grad
            ]
            norms = torch.cat(found, dim=1) if found else None
        else:
            both = torch.cat([real, fake], dim=1).requires_grad_(at == "both")
            with first.autocast():
                logits = self._logits(both)
            real_logits, fake_logits = logits[:, :n_real], logits[:, n_real:]
            norms = _squared_norms(logits, both) if at == "both" else None
        if at == "between":
            share = self._drawn(
                lambda trainer: torch.rand((n_real, 1, 1, 1), generator=trainer.random, device=real.device)
            )
            point = torch.lerp(fake, real, share.reshape(len(real), n_real, 1)).requires_grad_()
            with first.autocast():
                norms = _squared_norms(self._logits(point), point)
        losses = vmap(lambda one, other: first.objective.discriminator(one, other, first.real_target))(
            real_logits, fake_logits
        )
        total = losses
        if due:
            values = vmap(lambda norm: penalty_value(first.penalty, norm, n_real))(norms)
            total = total + first.penalty_weight * first.penalty_interval * values
            self.last["gradient_penalty"] = values.detach()
        # The sum has for every replica the gradient of its own loss: none depends on the weights of another.
        self.last["discriminator_loss"] = losses.detach()
        if self._reports():
            self._report(real_logits.detach(), fake_logits.detach())
        self._move(1, total.sum())
        bound = first.objective.weight_clip
        if bound is not None and first.penalty is None:
            with torch.no_grad():
                for parameter in self.discriminator.parameters:
                    parameter.clamp_(-bound, bound)

    def _generator_step(self, real, fake):
        first = self.first
        self.discriminator.requires_grad_(False)
        real_logits = None
        if first.objective.relative:
            with torch.no_grad(), first.autocast():
                real_logits = self._logits(self._seen(real))
        with first.autocast():
            fake_logits = self._logits(self._seen(fake))
        if real_logits is None:
            losses = vmap(lambda one: first.objective.generator(None, one))(fake_logits)
        else:
            losses = vmap(first.objective.generator)(real_logits, fake_logits)
        self.last["generator_loss"] = losses.detach()
        self._move(0, losses.sum())
        self.discriminator.requires_grad_(True)
        if self.average is not None:
            average = first.average
            average.step += 1
            decay = min(average.decay, (1 + average.step) / (10 + average.step))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, [p.detach() for p in self.generator.parameters], 1.0 - decay)

    def _move(self, which, total):
        optimiser = self.optimisers[which]
        optimiser.zero_grad()
        total.backward()
        name = ("generator_gradient_norm", "discriminator_gradient_norm")[which]
        if self.step % _REPORT_EVERY == 0 or name not in self.last:
            squares = [parameter.grad.square().flatten(1).sum(1) for parameter in optimiser.parameters]
            self.last[name] = torch.stack(squares).sum(0).sqrt()
        optimiser.step()

    def _reports(self):
        return self.step % _REPORT_EVERY == 0 or "real_accuracy" not in self.last

    def _report(self, real, fake):
        threshold = self.first.objective.threshold
        if threshold is None:
            threshold = 0.5 * (real.mean(1, keepdim=True) + fake.mean(1, keepdim=True))
        self.last["real_accuracy"] = (real > threshold).float().mean(1)
        self.last["fake_accuracy"] = (fake < threshold).float().mean(1)

    @torch.no_grad()
    def write(self) -> None:
        """Give every trainer its networks, averages, moments of Adam and place in the training."""
        self.generator.write()
        self.discriminator.write()
        averaged = None if self.average is None else list(self.generator.by_layer(self.average))
        for replica, trainer in enumerate(self.trainers):
            trainer.step = self.step
            trainer.last = {name: float(values[replica]) for name, values in self.last.items()}
            if averaged is not None and trainer.average is not None and self.first.average is not None:
                trainer.average.step = self.first.average.step
                for place, name, stack in averaged:
                    getattr(trainer.average.network.body[place], name).copy_(stack[replica])
        for which, network in enumerate((self.generator, self.discriminator)):
            optimiser = self.optimisers[which]
            for held in ("first", "second"):
                stacks = [stack for _, _, stack in network.by_layer(getattr(optimiser, held))]
                for replica, trainer in enumerate(self.trainers):
                    own = trainer.optimisers[which]
                    for target, stack in zip(getattr(own, held), stacks):
                        target.copy_(stack[replica])
                    for count, known in zip(own.steps, optimiser.steps):
                        count.copy_(known)


def _whole_packs(batch: torch.Tensor, size: int) -> torch.Tensor:
    """As for one training, along the second axis: rows from the start repeated until packs are whole."""
    n_rows = batch.shape[1]
    wanted = max(2 * size, -(-n_rows // size) * size)
    return batch if wanted == n_rows else batch[:, torch.arange(wanted, device=batch.device) % n_rows]


def _squared_norms(logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Squared norm of the gradient of each row's logit, (replicas, batch), itself differentiable."""
    (gradient,) = torch.autograd.grad(logits.float().sum(), rows, create_graph=True)
    return gradient.float().square().sum(2)
