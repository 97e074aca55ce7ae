"""A hook of trainings that draws the same latents every so often, in a file and in a notebook, while it trains."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit._core.parameters import check_int, check_number
from toolkit._core.showing import only_shows
from toolkit._core.types import PathLike
from toolkit.plots._sample_rows import SampleRowsDisplay

if TYPE_CHECKING:
    from toolkit._core.pixel_scale import PixelScale

__all__ = ["LiveSamples"]


class LiveSamples:
    """Pictures of the same latents as a generator learns: give it to ``fit`` as a hook.

    Each look is a row; when there are too many, the one goes whose neighbours are nearest to each other in steps.

    Parameters
    ----------
    path : path-like, optional
        A picture that is drawn anew at each look, whole at any time. Without one it is only shown in a notebook.
    every : float, default=10.0
        Seconds from one look to the next, at least.
    n_samples : int, default=12
        Columns.
    n_rows : int, default=8
        Rows at most.
    image_shape : tuple of int, optional
        Of flat rows that are not square.
    scale : PixelScale, optional
        From black to white; learnt from the samples when None.
    random_state : int, default=0
        Of the latents.

    Attributes
    ----------
    frames : list of tuple
        Step, and what was drawn.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import GAN
    >>> from toolkit.plots import LiveSamples
    >>> growth = LiveSamples(every=0.001, n_samples=3)
    >>> gan = GAN(max_steps=4, random_state=0).fit(load_digits().images[:64], hooks=[growth])
    >>> [step for step, images in growth.frames]
    [1, 2, 3, 4]
    """

    def __init__(
        self,
        path: PathLike | None = None,
        *,
        every: float = 10.0,
        n_samples: int = 12,
        n_rows: int = 8,
        image_shape: tuple[int, ...] | None = None,
        scale: PixelScale | None = None,
        random_state: int = 0,
    ) -> None:
        check_number("every", every)
        check_int("n_samples", n_samples)
        check_int("n_rows", n_rows, 2)
        self.path, self.every, self.n_samples, self.n_rows = path, every, n_samples, n_rows
        self.image_shape, self.scale, self.random_state = image_shape, scale, random_state
        self.frames: list[tuple[int, np.ndarray]] = []
        self._last = -np.inf
        self._shown: Any = None

    def after_step(self, trainer: Any, step: int) -> None:
        """Look, where it is time."""
        if time.monotonic() - self._last >= self.every:
            self._look(trainer, step)

    def __call__(self, trainer: Any, entry: dict[str, Any]) -> None:
        """Nothing but at steps."""

    def display(self) -> SampleRowsDisplay:
        """The rows so far.

        Returns
        -------
        SampleRowsDisplay
        """
        rows = {f"step {step:,}": images for step, images in self.frames}
        return SampleRowsDisplay.from_predictions(
            rows, image_shape=self.image_shape, scale=self.scale, title="The same latents as the training goes on"
        )

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold of it."""
        return {"steps": [step for step, _ in self.frames], "images": [images for _, images in self.frames]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.frames = [(int(step), np.asarray(images)) for step, images in zip(state["steps"], state["images"])]

    def _look(self, trainer, step):
        with only_shows("samples in training" if self.path is None else str(self.path)):
            self.frames.append((int(step), trainer.sample(self.n_samples, random_state=self.random_state)))
            if len(self.frames) > self.n_rows:
                del self.frames[_least_missed([step for step, _ in self.frames])]
            if self.path is not None or _in_notebook():
                self._draw()
        self._last = time.monotonic()

    def _draw(self):
        drawn = self.display().plot()
        if self.path is not None:
            drawn.save(self.path)
        if _in_notebook():
            from IPython.display import display

            if self._shown is None:
                self._shown = display(drawn, display_id=True)
            else:
                self._shown.update(drawn)


def _least_missed(steps):
    """The row, neither first nor last, without which the rest is spread most evenly over the training."""
    return 1 + int(np.argmin(np.subtract(steps[2:], steps[:-2])))


def _in_notebook():
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and type(get_ipython()).__name__ == "ZMQInteractiveShell"
