"""Encoded pictures inside of larger files: how those of a whole source become images of one size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit._core.pictures import PictureError, decode_picture, pillow_is_quiet
from toolkit.datasets._folder_size import working_size

__all__ = ["Decoding", "learn_decoding"]

MOST_BYTES = 2**28  # of one encoded picture, as in folders
_MOST_PIXELS = 2**26
_SAMPLED = 64  # pictures from which size and colour of all are learnt


@dataclass(frozen=True)
class Decoding:
    """What every picture of a source becomes.

    Parameters
    ----------
    size : tuple of int
        ``(height, width)``; others are cut to that shape and resized.
    grey : bool
        Luma alone, else three channels.
    """

    size: tuple[int, int]
    grey: bool

    def decode(self, content: bytes) -> NDArray[np.uint8]:
        """One picture.

        Raises
        ------
        PictureError
        """
        if len(content) > MOST_BYTES:
            raise PictureError(f"{len(content):,} bytes, more than the cap of {MOST_BYTES:,}")
        pixels = decode_picture(content, self.size, grey=self.grey, max_pixels=_MOST_PIXELS).pixels
        return pixels[..., 0] if self.grey else pixels

    def decode_all(
        self, rows: Iterable[int], fetch: Callable[[int], bytes]
    ) -> tuple[NDArray[np.uint8], NDArray, list[tuple]]:
        """Images of rows, which rows they are, and ``(row, reason)`` of what is no picture."""
        images, kept, left_out = [], [], []
        with pillow_is_quiet():
            for row in map(int, rows):
                try:
                    images.append(self.decode(fetch(row)))
                    kept.append(row)
                except PictureError as error:
                    left_out.append((row, str(error)))
        shape = self.size if self.grey else (*self.size, 3)
        stack = np.stack(images) if images else np.empty((0, *shape), dtype=np.uint8)
        return stack, np.array(kept, dtype=np.intp), left_out


def learn_decoding(
    n_rows: int, fetch: Callable[[int], bytes], size: tuple[int, int] | None, mode: str
) -> Decoding | None:
    """Size and colour of a source from pictures spread over it; None where none of them is a picture."""
    sizes, grey = [], []
    with pillow_is_quiet():
        for row in np.unique(np.linspace(0, n_rows - 1, min(n_rows, _SAMPLED)).astype(int)):
            try:
                content = fetch(int(row))
                if len(content) > MOST_BYTES:
                    continue
                picture = decode_picture(content, None, max_pixels=_MOST_PIXELS)
            except PictureError:
                continue
            sizes.append((picture.height, picture.width))
            grey.append(picture.is_grey)
    if not sizes:
        return None
    return Decoding(working_size(sizes) if size is None else size, mode == "grey" or (mode == "auto" and all(grey)))
