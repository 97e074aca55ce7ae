"""Losses of an epoch: summed up, and watched for the end of all learning."""

import math
from collections.abc import Mapping

import torch

from toolkit.exceptions import DivergenceError

__all__ = ["EpochLosses"]

# Steps after which values are fetched from an accelerator: each fetch waits until it has caught up.
_READ_EVERY = 64
# Steps of the whole training from which the usual size of a loss is learnt.
_FIRST_STEPS = 10


class EpochLosses:
    """Sums of the losses over the rows of an epoch.

    A loss that is NaN or infinite is a divergence; so is one whose size exceeds ``explosion`` times its largest among
    the first ten steps (at least ``explosion``): a million times what it was is not learning.

    Losses on the processor are read at once, those on an accelerator every 64 steps and at the end of the epoch, so
    that no step waits; a divergence is then noticed a little later, but named at the step at which it happened.

    Parameters
    ----------
    explosion : float or None
        None watches for NaN and infinity only.
    sums, rows, levels : dict, optional
        Of what was interrupted, to go on from.

    Attributes
    ----------
    sums : dict of str to float
        Sum of loss times rows.
    rows : dict of str to int
        Rows that each loss was given for; one that is not computed at every step is a mean over its own.
    levels : dict of str to float
        The largest size of each loss among the first steps.

    Examples
    --------
    >>> from toolkit.nn import EpochLosses
    >>> losses = EpochLosses()
    >>> losses.add(1, 4, {"loss": 3.0})
    >>> losses.add(2, 2, {"loss": 1.5})
    >>> losses.means(), losses.rows, losses.levels
    ({'loss': 2.5}, {'loss': 6}, {'loss': 3.0})
    """

    def __init__(
        self,
        explosion: float | None = None,
        *,
        sums: Mapping[str, float] | None = None,
        rows: Mapping[str, int] | None = None,
        levels: Mapping[str, float] | None = None,
    ):
        self.explosion = explosion
        self.sums, self.rows, self.levels = dict(sums or {}), dict(rows or {}), dict(levels or {})
        self._pending: list[tuple] = []

    def add(self, step: int, n_rows: int, losses: Mapping[str, float | torch.Tensor]) -> None:
        """Take what ``train_step`` returned at ``step``, for ``n_rows`` rows."""
        self._pending.append((step, n_rows, losses))
        waits = any(isinstance(value, torch.Tensor) and value.device.type != "cpu" for value in losses.values())
        if not waits or len(self._pending) >= _READ_EVERY:
            self.read()

    def read(self) -> None:
        """Fetch what is pending; raises :class:`DivergenceError` at the first value that is not to be had."""
        pending, self._pending = self._pending, []
        for (step, n_rows, losses), values in zip(pending, _fetch([losses for _, _, losses in pending])):
            for name, value in zip(losses, values):
                self._check(step, name, value)
                self.sums[name] = self.sums.get(name, 0.0) + value * n_rows
                self.rows[name] = self.rows.get(name, 0) + n_rows

    def means(self) -> dict[str, float]:
        """Mean of each loss over the rows so far."""
        self.read()
        return {name: value / self.rows[name] for name, value in self.sums.items()}

    def next_epoch(self) -> "EpochLosses":
        """Start from zero, with the same guard."""
        return EpochLosses(self.explosion, levels=self.levels)

    def _check(self, step, name, value):
        if not math.isfinite(value):
            raise DivergenceError(f"Training diverged at step {step}: {name} is {value}.", step=step)
        size = abs(value)
        if step <= _FIRST_STEPS:
            self.levels[name] = max(self.levels.get(name, 1.0), size)
        elif self.explosion is not None and size > self.explosion * self.levels.get(name, 1.0):
            raise DivergenceError(
                f"Training diverged at step {step}: {name} is {value:.3g}, after {self.levels.get(name, 1.0):.3g} "
                "at most in the first steps.",
                step=step,
            )


def _fetch(all_losses):
    """Values of several dicts of losses as lists of float; those on an accelerator in a single transfer."""
    distant = [
        value.detach().reshape(()).float()
        for losses in all_losses
        for value in losses.values()
        if isinstance(value, torch.Tensor) and value.device.type != "cpu"
    ]
    fetched = iter(torch.stack(distant).tolist() if distant else ())
    return [
        [
            next(fetched) if isinstance(value, torch.Tensor) and value.device.type != "cpu" else float(value)
            for value in losses.values()
        ]
        for losses in all_losses
    ]
