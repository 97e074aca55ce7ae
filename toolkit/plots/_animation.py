"""Images one after another: a way through a latent space, or a generator that grows, as an animated GIF."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.plots._display import Display
from toolkit.plots._mosaic import draw_cell, frame_cell, open_mosaic, unit_images
from toolkit.plots.style import title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit._core.pixel_scale import PixelScale

__all__ = ["AnimationDisplay"]

_SMALLEST_SIDE = 224  # of a frame in pixels: small images are shown larger, each pixel as a square
_GAP = 0.06  # between the images of a sheet, in units of their height


class AnimationDisplay(Display):
    """Frames of one or several images each, in the order that they are shown.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_images, height, width) or (n_frames, n_images, height, width, 3)
        Float in [0, 1].
    n_columns : int
    seconds : float
        That each frame stays.
    bounce : bool
        Go back through the frames to the first, so that a loop has no jump.
    title : str, default=""
        Of the film strip that ``plot`` draws.

    See Also
    --------
    SampleGridDisplay : One sheet that stands still.

    Examples
    --------
    >>> import numpy as np
    >>> display = AnimationDisplay.from_predictions(np.zeros((10, 28, 28)))
    >>> len(display.frame()), display.pictures()[0].shape
    (10, (224, 224))
    """

    def __init__(self, frames: NDArray, *, n_columns: int, seconds: float, bounce: bool, title: str = "") -> None:
        self.frames = frames
        self.n_columns = n_columns
        self.seconds = seconds
        self.bounce = bounce
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        *,
        n_images: int = 1,
        n_columns: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        scale: PixelScale | None = None,
        seconds: float = 0.12,
        bounce: bool = False,
        title: str = "",
    ) -> Self:
        """Hold frames.

        Parameters
        ----------
        images : array-like of shape (n_frames * n_images, height, width[, 3]) or (n_frames * n_images, n_features)
            Frame after frame.
        n_images : int, default=1
            Shown at a time.
        n_columns : int, default=None
            As many as make a square, when None.
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        scale : PixelScale, default=None
            From black to white; learnt from the images when None.
        seconds : float, default=0.12
            That each frame stays.
        bounce : bool, default=False
        title : str, default=""

        Returns
        -------
        AnimationDisplay
        """
        images, _ = unit_images(images, image_shape, scale=scale)
        if n_images < 1 or len(images) % n_images:
            raise ValueError(f"n_images must divide the {len(images)} images into whole frames, got {n_images!r}.")
        if not seconds > 0:
            raise ValueError(f"seconds must be above 0, got {seconds!r}.")
        n_columns = int(np.ceil(np.sqrt(n_images))) if n_columns is None else min(n_columns, n_images)
        if n_columns < 1:
            raise ValueError(f"n_columns must be at least 1, got {n_columns}.")
        frames = images.reshape(-1, n_images, *images.shape[1:])
        return cls(frames, n_columns=n_columns, seconds=seconds, bounce=bounce, title=title)

    def frame(self) -> pd.DataFrame:
        """Frames, a row each: place, mean of the pixels (0 to 1), mean absolute change from the frame before."""
        import pandas as pd

        pixels = tuple(range(1, self.frames.ndim))
        change = np.abs(np.diff(self.frames, axis=0)).mean(axis=pixels)
        return pd.DataFrame(
            {
                "frame": np.arange(len(self.frames)),
                "mean": self.frames.mean(axis=pixels),
                "change": np.concatenate([[np.nan], change]),
            }
        )

    def pictures(self) -> list[NDArray]:
        """What is shown, in order: a list of uint8 arrays (height, width) or (height, width, 3)."""
        shown = [self._sheet(frame) for frame in self.frames]
        return shown + shown[-2:0:-1] if self.bounce else shown

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the first image of each frame side by side, as a film strip.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        strip = self.frames[:, 0]
        aspect = strip.shape[1] / strip.shape[2]
        ax = self._take_axes(ax, (0.7 * len(strip) + 0.1, 0.7 * aspect + (0.45 if self.title else 0.1)))
        for place, image in enumerate(strip):
            draw_cell(ax, image, 0, place, aspect)
            frame_cell(ax, 0, place, aspect)
        open_mosaic(ax, 1, len(strip), aspect)
        title_axes(ax, self.title)
        return self

    def save(self, path: str | os.PathLike, **options: Any) -> Self:
        """Write the film, whole or not at all: ``.gif`` moves, any other suffix is the strip of :meth:`plot`."""
        if Path(path).suffix.lower() != ".gif":
            return super().save(path, **options)
        from toolkit._core.files import atomic_path

        with atomic_path(path) as temporary:
            temporary.write_bytes(self.to_gif())
        return self

    def to_gif(self) -> bytes:
        """The film as the bytes of a ``.gif``, which a notebook shows by ``IPython.display.Image(data=...)``."""
        from PIL import Image

        first, *others = [Image.fromarray(picture) for picture in self.pictures()]
        film = io.BytesIO()
        first.save(
            film,
            format="GIF",
            save_all=True,
            append_images=others,
            duration=max(20, round(1000 * self.seconds)),  # browsers slow shorter frames down
            loop=0,
        )
        return film.getvalue()

    def _sheet(self, images):
        """The images of a frame on a white sheet, each pixel a square of whole pixels."""
        height, width = images.shape[1:3]
        n_rows = -(-len(images) // self.n_columns)
        gap = max(1, round(_GAP * height)) if len(images) > 1 else 0
        sheet = np.ones(
            (n_rows * (height + gap) - gap, self.n_columns * (width + gap) - gap, *images.shape[3:]), dtype=np.float64
        )
        for place, image in enumerate(images):
            top, left = (place // self.n_columns) * (height + gap), (place % self.n_columns) * (width + gap)
            sheet[top : top + height, left : left + width] = image
        zoom = max(1, -(-_SMALLEST_SIDE // min(sheet.shape[:2])))
        pixels = np.rint(255 * np.clip(sheet, 0, 1)).astype(np.uint8)
        return pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)
