"""What every logger shares: which events there are, in which order, and where a resumed training goes on."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit._core.showing import only_shows

__all__ = ["TrainingLogger"]


class TrainingLogger:
    """Hook of a training that hands on what happens; subclasses say where to.

    An event is a step and numbers by name: the losses at the end of each epoch (``epoch``, ``seconds`` and the mean of
    each loss), and what other hooks measured in between. One that cannot be written costs no training: a warning says
    so, and the training goes on.

    Parameters
    ----------
    watch : sequence of hooks, default=()
        Whose findings are handed on, too: of one with ``frame()`` each new row (such as
        :class:`toolkit.coverage.CoverageMonitor`), of one with ``frames`` each new picture (such as
        :class:`toolkit.plots.LiveSamples`). They have to be in ``hooks`` themselves, before this one.

    See Also
    --------
    CSVLogger, TensorBoardLogger, TrackerLogger : Where to.

    Examples
    --------
    >>> class Shown(TrainingLogger):
    ...     def write(self, step, values):
    ...         print(step, sorted(values))
    >>> Shown()(None, {"epoch": 1, "step": 30, "seconds": 0.1, "loss": 2.5})
    30 ['epoch', 'loss', 'seconds']
    """

    def __init__(self, *, watch: Sequence[Any] = ()) -> None:
        for hook in watch:
            if not hasattr(hook, "frame") and not hasattr(hook, "frames"):
                raise TypeError(f"watch must hold hooks with frame() or frames, got {type(hook).__name__}.")
        self.watch = tuple(watch)
        self.last_step = 0
        self._seen: dict[tuple[int, str], int] = {}  # of each watched hook, the step up to which it was handed on

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Hand on one event.

        Parameters
        ----------
        step : int
            Steps of the optimiser done.
        values : dict of str to float
        """
        raise NotImplementedError

    def write_images(self, step: int, name: str, images: NDArray) -> None:
        """Hand on pictures; nothing, unless a subclass knows what to do with them."""

    def close(self) -> None:
        """Let go of files and connections; the next event opens them again."""

    def __enter__(self) -> Self:
        """``with`` a logger, its files are closed whatever becomes of the training."""
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def after_step(self, trainer: Any, step: int) -> None:
        """Hand on what watched hooks have found."""
        if self.watch:
            with only_shows(self._what):
                self._watched(step)

    def __call__(self, trainer: Any, entry: Mapping[str, Any]) -> None:
        """Hand on the losses of an epoch."""
        step = int(entry["step"])
        values = {name: float(value) for name, value in entry.items() if name != "step" and _is_number(value)}
        with only_shows(self._what):
            self.write(step, values)
            self._watched(step)
        self.last_step = step

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold of it."""
        return {"last_step": self.last_step}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state_dict`: what was handed on of later steps is not part of the training any more."""
        self.last_step = int(state["last_step"])
        for place, hook in enumerate(self.watch):
            for part in ("frame", "frames"):
                if hasattr(hook, part):
                    self._seen[place, part] = self.last_step

    @property
    def _what(self) -> str:
        return type(self).__name__

    def _watched(self, step: int) -> None:
        for place, hook in enumerate(self.watch):
            if callable(getattr(hook, "frame", None)):
                for row in hook.frame().to_dict(orient="records"):
                    if row["step"] > self._seen.get((place, "frame"), 0):
                        numbers = {name: float(value) for name, value in row.items() if _is_number(value)}
                        self.write(int(row["step"]), {name: numbers[name] for name in numbers if name != "step"})
                        self._seen[place, "frame"] = int(row["step"])
            for drawn, images in getattr(hook, "frames", ()):
                if drawn > self._seen.get((place, "frames"), 0):
                    self.write_images(int(drawn), "samples", np.asarray(images))
                    self._seen[place, "frames"] = int(drawn)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and not math.isnan(float(value))
