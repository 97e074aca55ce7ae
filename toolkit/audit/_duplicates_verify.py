"""Whether two pictures are the same one: brought into line with each other, and compared place by place.

A pair is aligned by shift and scale of either axis (Lucas and Kanade, 1981, in the inverse compositional form of Baker
and Matthews, 2004), coarse to fine, which undoes a crop; gain and offset of grey values fall out of normalised
correlation. What is compared then is structure: the correlation within windows, of details only, wherever either
picture has any. Two pictures with the same layout agree in the large and disagree in some window; copies agree in all.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit._core.geometry import DIHEDRAL, dihedral, inverse_dihedral
from toolkit._core.images import iter_chunks

__all__ = ["Agreement", "compare"]

_SIDES = (16, 32)  # alignment, coarse to fine
_STEPS = 5  # of Gauss and Newton, at each
_LARGEST = 0.14  # change of scale, and shift in half-widths: a crop of 5 % at every side is 0.1
_CHUNK = 512  # pairs at a time
_FINE_SIDE, _FINE_MEAN = 128, 0.75  # finer details are looked at in pictures of this many pixels, if these agree
_DETAIL, _WINDOW = 2.5, 2.0  # standard deviations in thumbnail pixels of 32: what is large, what is a place


class Agreement(NamedTuple):
    """What the comparison of n pairs found.

    Attributes
    ----------
    mean, least : ndarray of shape (n,)
        Correlation of details over all windows with structure, and in the worst tenth of them.
    places : ndarray of shape (n,)
        How many windows' worth of structure there was to compare, of about 32.
    fine : ndarray of shape (n,)
        Mean correlation of the finer details, at 64 x 64; NaN where there are none, or the coarser ones disagree.
    scale, shift : ndarray of shape (n, 2)
        Of the second picture in the frame of the first, in x and y: factor less one, and half-widths.
    gain : ndarray of shape (n,)
        Contrast of the second against the first.
    """

    mean: NDArray
    least: NDArray
    places: NDArray
    fine: NDArray
    scale: NDArray
    shift: NDArray
    gain: NDArray

    def at(self, wanted: NDArray) -> "Agreement":
        """Of some of the pairs."""
        return Agreement(*(values[wanted] for values in self))

    def exchanged(self, wanted: NDArray[np.bool_], symmetry: NDArray[np.intp]) -> "Agreement":
        """With the second picture of some pairs as the first: the map between their frames is inverted.

        ``symmetry`` is the one that the first picture of each pair was turned by; the inverse map is in the frame of
        the second as it is, and is turned with it.
        """
        scale, shift = 1 / (1 + self.scale) - 1, -self.shift / (1 + self.scale)
        for index, name in enumerate(DIHEDRAL):
            rows = symmetry == index
            if rows.any():
                scale[rows], shift[rows] = _turned_map(scale[rows], shift[rows], name)
        pick = wanted[:, None]
        return self._replace(
            scale=np.where(pick, scale, self.scale),
            shift=np.where(pick, shift, self.shift),
            gain=np.where(wanted, 1 / np.maximum(self.gain, 1e-9), self.gain),
        )


def compare(first: NDArray[np.float32], second: NDArray[np.float32], side: NDArray) -> Agreement:
    """Compare pairs of grey thumbnails.

    Parameters
    ----------
    first, second : ndarray of shape (n, 64, 64)
        The second as the first would be if they were copies: symmetries are undone before.
    side : ndarray of shape (n,)
        Shorter side of the smaller original: where it is below 128 pixels there are no finer details to compare.
    """
    if not len(first):
        none, no_pairs = np.empty(0, dtype=np.float32), np.empty((0, 2), dtype=np.float32)
        return Agreement(none, none, none, none, no_pairs, no_pairs, none)
    parts = [_compare(first[part], second[part], side[part]) for part in iter_chunks(len(first), _CHUNK)]
    return Agreement(*(np.concatenate(fields) for fields in zip(*parts)))


def _turned_map(scale: NDArray, shift: NDArray, name: str) -> tuple[NDArray, NDArray]:
    """Scale and shift as they are in a frame that a symmetry is undone in."""
    undone = inverse_dihedral(name)
    # Where the unit vectors of the frame go: read off a picture of coordinates.
    corners = np.array([[[0.0, 1.0], [2.0, 3.0]]])  # value is x + 2 y
    moved = dihedral(corners, undone)[0]
    across, down = moved[0, 1] - moved[0, 0], moved[1, 0] - moved[0, 0]
    # The new x axis is the old one (±1) or the old y axis (±2).
    columns = [0 if abs(step) == 1 else 1 for step in (across, down)]
    signs = np.sign([across, down])
    return scale[:, columns], shift[:, columns] * signs


def _compare(first: NDArray, second: NDArray, side: NDArray) -> Agreement:
    n = len(first)
    scale, shift = np.zeros((n, 2), np.float32), np.zeros((n, 2), np.float32)
    small = {level: (_reduce(first, level), _reduce(second, level)) for level in _SIDES}
    for level in _SIDES:
        _align(*small[level], scale, shift)
    mean, least, places, gain = _windows(*small[_SIDES[-1]], scale, shift)
    fine = np.full(n, np.nan, dtype=np.float32)
    rows = np.flatnonzero((side >= _FINE_SIDE) & (mean >= _FINE_MEAN))
    if len(rows):
        large, other, scale_large, shift_large = first[rows], second[rows], scale[rows], shift[rows]
        _align(large, other, scale_large, shift_large)
        fine[rows] = _windows(large, other, scale_large, shift_large, blur=0)[0]
        scale[rows], shift[rows] = scale_large, shift_large
    return Agreement(mean, least, places, fine, scale, shift, gain)


def _reduce(stack: NDArray, side: int) -> NDArray:
    block = stack.shape[1] // side
    return stack.reshape(len(stack), side, block, side, block).mean(axis=(2, 4))


@lru_cache(maxsize=16)
def _blur(side: int, width: float) -> NDArray[np.float32]:
    """Gaussian blur of an axis as a matrix: rows sum to one, borders included."""
    at = np.arange(side)
    kernel = np.exp(-0.5 * ((at[:, None] - at[None]) / width) ** 2)
    return (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)


def _smooth(stack: NDArray, width: float) -> NDArray:
    kernel = _blur(stack.shape[-1], width)
    across = (stack.reshape(-1, stack.shape[-1]) @ kernel.T).reshape(stack.shape)
    return kernel @ across


def _centres(side: int) -> NDArray[np.float32]:
    """Centres of pixels, from -1 to 1 across the picture."""
    return ((np.arange(side) + 0.5) * 2 / side - 1).astype(np.float32)


def _interpolation(side: int, scale: NDArray, shift: NDArray) -> tuple[NDArray, NDArray]:
    """Linear interpolation of an axis, a matrix a pair, and which places lie within: (n, side, side), (n, side)."""
    wanted = (1 + scale[:, None]) * _centres(side) + shift[:, None]
    at = (wanted + 1) * (side / 2) - 0.5
    inside = (at > -0.75) & (at < side - 0.25)
    weights = np.maximum(0, 1 - np.abs(np.clip(at, 0, side - 1)[:, :, None] - np.arange(side, dtype=np.float32)))
    return weights.astype(np.float32), inside.astype(np.float32)


def _warp(stack: NDArray, scale: NDArray, shift: NDArray) -> tuple[NDArray, NDArray]:
    """Pictures in the frame of others, and where they have anything: both (n, side, side)."""
    side = stack.shape[1]
    across, inside_x = _interpolation(side, scale[:, 0], shift[:, 0])
    down, inside_y = _interpolation(side, scale[:, 1], shift[:, 1])
    return down @ stack @ across.transpose(0, 2, 1), inside_y[:, :, None] * inside_x[:, None, :]


def _align(first: NDArray, second: NDArray, scale: NDArray, shift: NDArray) -> None:
    """Improve ``scale`` and ``shift`` of each pair in place."""
    side = first.shape[1]
    first = _equalised(_smooth(first, 0.7))
    second = _equalised(_smooth(second, 0.7))
    slope_y, slope_x = np.gradient(first, 2 / side, axis=(1, 2))
    x, y = _centres(side)[None, None, :], _centres(side)[None, :, None]
    # Of scale and shift in x, then in y; what the second picture's coordinates do is undone in the first.
    descent = np.stack([slope_x * x, slope_x, slope_y * y, slope_y], axis=1).reshape(len(first), 4, -1)
    rows = np.arange(len(first))
    best = np.full(len(first), -np.inf, dtype=np.float32)
    kept_scale, kept_shift = scale.copy(), shift.copy()
    for step in range(_STEPS + 1):
        warped, inside = _warp(second, scale, shift)
        weight = inside.reshape(len(first), -1)
        target, moved = first.reshape(weight.shape), warped.reshape(weight.shape)
        total = np.maximum(weight.sum(axis=1, keepdims=True), 1)
        target = (target - (target * weight).sum(axis=1, keepdims=True) / total) * weight
        moved = (moved - (moved * weight).sum(axis=1, keepdims=True) / total) * weight
        norms = np.linalg.norm(target, axis=1), np.linalg.norm(moved, axis=1)
        correlation = (target * moved).sum(axis=1) / np.maximum(norms[0] * norms[1], 1e-9)
        better = correlation > best
        best[better] = correlation[better]
        kept_scale[better], kept_shift[better] = scale[better], shift[better]
        if step == _STEPS:
            break
        moved = moved * (norms[0] / np.maximum(norms[1], 1e-9))[:, None]
        weighted = descent * weight[:, None, :]
        normal = weighted @ descent.transpose(0, 2, 1)
        normal += 1e-3 * (np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-6) * np.eye(4, dtype=np.float32)
        slope = weighted @ (moved - target)[:, :, None]
        change = np.linalg.solve(normal, slope)[:, :, 0]
        # The warp is composed with the inverse of the change.
        inverse = 1 / np.maximum(1 + change[:, [0, 2]], 0.5)
        shift -= (1 + scale) * change[:, [1, 3]] * inverse
        scale[:] = (1 + scale) * inverse - 1
        np.clip(scale, -_LARGEST, _LARGEST, out=scale)
        np.clip(shift, -_LARGEST, _LARGEST, out=shift)
    scale[rows], shift[rows] = kept_scale, kept_shift


def _equalised(stack: NDArray) -> NDArray:
    """Details of equal strength everywhere: what is strong in one corner must not decide alone."""
    side = stack.shape[1]
    detail = stack - _smooth(stack, side / 6)
    power = _smooth(detail**2, side / 6)
    return detail / np.sqrt(power + 0.1 * power.mean(axis=(1, 2), keepdims=True) + 1e-9)


def _windows(first: NDArray, second: NDArray, scale: NDArray, shift: NDArray, blur: float = 0.5) -> tuple:
    """Correlation in windows: mean, worst tenth, number of places; and the gain of grey values."""
    side = first.shape[1]
    warped, inside = _warp(second, scale, shift)
    # Interpolation has blurred the one; a little blur for both makes them equal, and quietens noise.
    if blur:
        first, warped = _smooth(first, blur), _smooth(warped, blur)
    cover = np.maximum(_smooth(inside, _DETAIL), 1e-3)
    a, b = ((stack - _smooth(stack * inside, _DETAIL) / cover) * inside for stack in (first, warped))
    total = inside.sum(axis=(1, 2))
    mean_a, mean_b = (np.maximum((detail**2).sum(axis=(1, 2)) / total, 1e-12) for detail in (a, b))
    gain = np.sqrt(mean_b / mean_a)
    b = b / gain[:, None, None]
    # Windows lie at every second place.
    kernel = _blur(side, _WINDOW)[1::2]
    inside, power_a, power_b, product = (kernel @ values @ kernel.T for values in (inside, a * a, b * b, a * b))
    cover = np.maximum(inside, 1e-3)
    power_a, power_b, product = power_a / cover, power_b / cover, product / cover
    floor = 0.02 * mean_a[:, None, None] + 1e-9
    correlation = (2 * product + floor) / (power_a + power_b + floor)
    # Flat places say nothing, and the strongest no more than several times what is usual.
    either = np.maximum(power_a, power_b)
    weight = inside * either / (either + 0.25 * mean_a[:, None, None])
    flat, share = correlation.reshape(len(first), -1), weight.reshape(len(first), -1)
    total = np.maximum(share.sum(axis=1, keepdims=True), 1e-6)
    share = share / total
    mean = (flat * share).sum(axis=1)
    places = 4 * total[:, 0] / (4 * np.pi * _WINDOW**2)
    order = np.argsort(flat, axis=1)
    flat, share = np.take_along_axis(flat, order, axis=1), np.take_along_axis(share, order, axis=1)
    tenth = np.clip(0.1 - (np.cumsum(share, axis=1) - share), 0, share)
    least = (flat * tenth).sum(axis=1) / np.maximum(tenth.sum(axis=1), 1e-9)
    return mean, least, places, gain
