"""Hooks of the training loop: what may happen between epochs. Their memory is part of a checkpoint."""

import math
from collections.abc import Mapping
from typing import Any

from toolkit._core.parameters import check_positive_int, is_number
from toolkit.nn._state import StateMixin

__all__ = ["EarlyStopping"]


class EarlyStopping(StateMixin):
    """End the training when a loss has not fallen for some epochs.

    Parameters
    ----------
    loss : str, default="loss"
        Name of an entry of the history.
    patience : int, default=10
        Epochs without improvement after which the training ends.
    min_delta : float, default=0.0
        By how much the loss must fall below the best so far to count as an improvement.

    Attributes
    ----------
    best : float
        The lowest loss so far.
    best_epoch : int or None

    References
    ----------
    Prechelt (1998), "Early stopping - but when?".

    Examples
    --------
    >>> stop = EarlyStopping(patience=2)
    >>> [stop(None, {"epoch": epoch, "loss": loss}) for epoch, loss in enumerate([3.0, 2.0, 2.5, 2.0], start=1)]
    [False, False, False, True]
    >>> stop.best_epoch
    2
    """

    _state = ("best", "best_epoch", "waited")

    def __init__(self, loss: str = "loss", *, patience: int = 10, min_delta: float = 0.0):
        check_positive_int("patience", patience)
        if not is_number(min_delta) or min_delta < 0:
            raise ValueError(f"min_delta must be a number that is not negative, got {min_delta!r}.")
        self.loss, self.patience, self.min_delta = loss, patience, min_delta
        self.best, self.waited = math.inf, 0
        self.best_epoch: int | None = None

    def __call__(self, model: object, entry: Mapping[str, Any]) -> bool:
        if self.loss not in entry:
            names = ", ".join(name for name in entry if name not in ("epoch", "step", "seconds"))
            raise ValueError(f"loss must be one of the losses of this training ({names}), got {self.loss!r}.")
        if entry[self.loss] < self.best - self.min_delta:
            self.best, self.best_epoch, self.waited = entry[self.loss], entry["epoch"], 0
            return False
        self.waited += 1
        return self.waited >= self.patience
