"""A training in a tracker: whatever takes numbers by name, as Trackio, Weights & Biases, MLflow and Aim do."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from toolkit.callbacks._events import TrainingLogger

__all__ = ["TrackerLogger"]


class TrackerLogger(TrainingLogger):
    """Hook that hands the losses of a training to a tracker's ``log(dict)``.

    Parameters
    ----------
    run : object with ``log``, or callable
        ``wandb.init(...)``, ``trackio.init(...)``, the module ``trackio`` itself, ``mlflow.log_metrics``, or a function
        of one's own. What takes ``step`` is given it, else it is among the values.
    prefix : str, default=""
        Before each name, such as ``"train/"``.
    watch : sequence of hooks, default=()
        As in :class:`TrainingLogger`.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder
    >>> rows = []
    >>> X = load_digits().images[:64]
    >>> _ = Autoencoder(epochs=2, random_state=0).fit(X, hooks=[TrackerLogger(rows.append)])
    >>> [row["epoch"] for row in rows]
    [1.0, 2.0]
    """

    def __init__(self, run: Any, *, prefix: str = "", watch: Sequence[Any] = ()) -> None:
        super().__init__(watch=watch)
        log = getattr(run, "log", run)
        if not callable(log):
            raise TypeError(f"run must have log(dict) or be callable, got {type(run).__name__}.")
        self.run, self.prefix = run, prefix
        self._log: Callable[..., Any] = log
        self._takes_step = _takes_step(log)
        self._latest = 0

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Hand on one event; steps never go back, which trackers refuse."""
        self._latest = step = max(step, self._latest)
        named = {self.prefix + name: value for name, value in values.items()}
        if self._takes_step:
            self._log(named, step=step)
        else:
            self._log({self.prefix + "step": step, **named})


def _takes_step(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # built in, without a signature
        return False
    return any(each.name == "step" or each.kind is each.VAR_KEYWORD for each in parameters)
