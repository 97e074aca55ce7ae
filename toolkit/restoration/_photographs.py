"""without_fault: one photograph of any size through the network that takes noise, blocks of JPEG or blur out of it."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit._core.shipped import with_shipped_weights
from toolkit.restoration._block_grid import block_grid

if TYPE_CHECKING:
    from toolkit.restoration._photograph_network import PhotographNetwork

__all__ = ["load_photograph_network", "without_fault"]

_SHIPPED = Path(__file__).parent / "photographs.safetensors"
_FORMAT = "toolkit photographs 1"
_EDGE = 16  # pixels by which a picture is continued; whole blocks of JPEG
_TILE = 512  # pixels a side that are answered for at once, which bounds the memory


@cache
def load_photograph_network(path: Path = _SHIPPED) -> "PhotographNetwork":
    """The network, ready to be used.

    Raises
    ------
    CheckpointError
        The file is missing or damaged, or holds something else.
    """
    from toolkit.restoration._photograph_network import TAUGHT, PhotographNetwork

    return with_shipped_weights(PhotographNetwork(), path, _FORMAT, TAUGHT, "for photographs")


def without_fault(image: NDArray, fault: str, *, turns: int = 1, tile: int = _TILE) -> NDArray:
    """A photograph without noise, blocks or blur, as far as the network can tell.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3 or 4)
        Of any size; opacity stays as it is.
    fault : str
        What to take out: ``"noisy"``, ``"jpeg_blocks"`` or ``"blurred"``.
    turns : int, default=1
        Quarter turns of the picture whose answers are averaged: 4 is a little better, for four times the work.
    tile : int, default=512
        Pixels a side that are answered for at once. Each tile is shown with all that the network can see around it, so
        that the answer does not depend on it.

    Returns
    -------
    ndarray of uint8, of the shape of ``image``

    Raises
    ------
    CheckpointError
        The weights of the network are missing or damaged.
    """
    colours = image if image.ndim == 2 else image[..., :3]
    unit = _answer(colours, fault, tile)
    for turn in range(1, turns):
        unit += np.rot90(_answer(np.rot90(colours, turn), fault, tile), -turn)
    unit /= turns
    if image.ndim == 2:
        return _bytes(unit.mean(axis=2))
    out = image.copy()
    out[..., :3] = _bytes(unit)
    return out


def _bytes(unit: NDArray) -> NDArray:
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def _answer(image: NDArray, fault: str, tile: int) -> NDArray:
    """The network's answer, of float32 and shape (height, width, 3)."""
    import torch

    from toolkit.nn import limit_threads
    from toolkit.restoration._photograph_network import MULTIPLE, REACH, TAUGHT

    height, width = image.shape[:2]
    planes = np.broadcast_to(image.reshape(height, width, -1), (height, width, 3))
    # Continued by its mirror image, up to a multiple of what the network folds: at an edge it has seen less.
    beyond = [(_EDGE, _EDGE + -side % MULTIPLE) for side in (height, width)]
    wide = np.pad(planes, [*beyond, (0, 0)], mode="symmetric")
    found = np.empty(wide.shape, dtype=np.float32)
    step = max(1, tile // MULTIPLE) * MULTIPLE
    told = torch.zeros(1, len(TAUGHT))
    told[0, TAUGHT.index(fault)] = 1
    begins = np.array(block_grid(image) if fault == "jpeg_blocks" else (np.nan, np.nan), dtype=np.float32)
    with limit_threads(1), torch.inference_mode():
        network = load_photograph_network()
        for top in range(0, wide.shape[0], step):
            for left in range(0, wide.shape[1], step):
                above, before = max(0, top - REACH), max(0, left - REACH)
                part = wide[above : top + step + REACH, before : left + step + REACH]
                shown = torch.from_numpy(np.require(part, requirements=["C", "W"])).permute(2, 0, 1)[None].float() / 255
                grids = torch.from_numpy(begins - np.array([above, before], dtype=np.float32))[None]
                answer = network(shown, told, grids)[0].permute(1, 2, 0).numpy()  # (part's height, part's width, 3)
                place = found[top : top + step, left : left + step]
                place[:] = answer[top - above :, left - before :][: place.shape[0], : place.shape[1]]
    return found[_EDGE : _EDGE + height, _EDGE : _EDGE + width]
