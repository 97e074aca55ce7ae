"""A training in TensorBoard."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.optional import import_optional
from toolkit._core.types import PathLike
from toolkit.callbacks._events import TrainingLogger

__all__ = ["TensorBoardLogger"]


class TensorBoardLogger(TrainingLogger):
    """Hook that writes the losses of a training for TensorBoard, and pictures of hooks that draw.

    Parameters
    ----------
    folder : path-like
        Of this run; ``tensorboard --logdir`` takes the one around it.
    watch : sequence of hooks, default=()
        As in :class:`TrainingLogger`.

    Raises
    ------
    MissingDependencyError
        The package tensorboard is not installed: ``pip install 'toolkit[tracking]'``.

    Notes
    -----
    A resumed training purges what was written of steps after its checkpoint.

    Examples
    --------
    >>> from toolkit.callbacks import TensorBoardLogger
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder
    >>> with TensorBoardLogger("runs/first") as logger:  # doctest: +SKIP
    ...     model = Autoencoder(epochs=3).fit(load_digits().images[:64], hooks=[logger])
    >>> [path.name for path in logger.folder.iterdir()]  # doctest: +SKIP
    ['events.out.tfevents.1764400000.host.4242.0']
    """

    def __init__(self, folder: PathLike, *, watch: Sequence[Any] = ()) -> None:
        super().__init__(watch=watch)
        import_optional("tensorboard", purpose="TensorBoardLogger", extra="tracking")
        self.folder = Path(folder)
        self._writer: Any = None

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write a scalar for each value."""
        writer = self._open()
        for name, value in values.items():
            writer.add_scalar(name, value, global_step=step)
        writer.flush()

    def write_images(self, step: int, name: str, images: NDArray) -> None:
        """Write pictures: uint8, or floats of which the least is black and the greatest white."""
        images = images if images.ndim == 4 else images[..., None] if images.ndim == 3 else _squares(images)
        if images.dtype != np.uint8:
            low, high = float(images.min()), float(images.max())
            images = np.rint((images.astype(float) - low) * (255 / ((high - low) or 1))).astype(np.uint8)
        writer = self._open()
        writer.add_images(name, images, global_step=step, dataformats="NHWC")
        writer.flush()

    def close(self) -> None:
        """Close the file of events; the next event opens another."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _open(self) -> Any:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            purge = {"purge_step": self.last_step + 1} if self.last_step else {}
            self._writer = SummaryWriter(str(self.folder), **purge)
        return self._writer


def _squares(rows: NDArray) -> NDArray:
    """Flat rows as pictures, as everywhere: square where they can be."""
    side = round(rows.shape[1] ** 0.5)
    shape = (side, side) if side * side == rows.shape[1] else (1, rows.shape[1])
    return rows.reshape(len(rows), *shape, 1)
