"""Steps that come at a regular distance: the blocks of JPEG, big pixels, and the rhythm of an enlargement.

References
----------
Z. Wang, A. Bovik and B. Evans, "Blind measurement of blocking artifacts in images", ICIP 2000.

A. Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images", Canadian Conference on Computer
and Robot Vision, 2005.
"""

import numpy as np
from scipy import ndimage

__all__ = ["grids"]

_JPEG = 8  # pixels a side of a block
_STRONG = 64  # grey levels from which a step is an edge of what is in the picture, not of a block
_MOST = 24  # grey levels that one step can count
_ALONE = 0.5  # share of the steps that stand alone, from which there may be squares
_LARGEST = 24  # pixels on either side among which the largest step is looked for


def _profiles(views):
    """Mean absolute step at each position, (n_tiles, w - 1) across and (n_tiles, h - 1) down."""
    return np.abs(views.across).mean(axis=1), np.abs(views.down).mean(axis=2)


def _excess_by_phase(views):
    """How far the step at each of eight phases exceeds the mean of the steps on either side: across, and down.

    Edges of objects spread over neighbouring steps and cancel; the edge of a block stands alone. Asked are the places
    where blocks would show: not where nothing changes, as on the paper of a page, nor beside strong edges, as of its
    ink, whose steps are many times those of any block.
    """
    found = []
    for steps, axis in ((np.abs(views.across), 2), (np.abs(views.down), 1)):
        before, middle, after = (_along(steps, axis, start, stop) for start, stop in ((0, -2), (1, -1), (2, None)))
        largest = np.maximum(np.maximum(before, after), middle)
        asked = (largest > 0) & (largest <= _STRONG)
        alone = 2 * middle
        alone -= before
        alone -= after
        np.clip(alone, -_MOST, _MOST, out=alone)  # one strong edge is not to outweigh a grid
        alone *= asked
        others = (0, 3 - axis)
        counts = _phases(np.count_nonzero(asked, axis=others).astype(np.float64))
        sums = _phases(alone.sum(axis=others, dtype=np.float64))
        found.append(None if counts is None else sums / np.maximum(counts, 1) / 2)
    return found


def _along(values, axis, start, stop):
    """A part of (n_tiles, h, w) along one of its last two axes, without a copy."""
    return values[:, :, start:stop] if axis == 2 else values[:, start:stop]


def _phases(profile):
    """Sum of a profile (positions,) at each phase of eight; None where it is too short."""
    if len(profile) < 2 * _JPEG:
        return None
    whole = len(profile) // _JPEG * _JPEG
    return profile[:whole].reshape(-1, _JPEG).sum(axis=0)


def _blockiness(phases):
    """Excess at the strongest of the eight phases over the next one, in grey levels, and which phase."""
    if phases is None:
        return np.nan, 0
    best = int(np.argmax(phases))
    return float(phases[best] - np.delete(phases, best).max()), best


def _alone_share(profile):
    """Share of the steps that have hardly any beside them: of squares all, of the sparse ink of a page few."""
    beside = np.maximum(profile[:, :-2], profile[:, 2:])
    middle = profile[:, 1:-1]
    return float(middle[middle >= 3 * beside].sum() / max(middle.sum(), 1e-9))


def _big_pixels(profile):
    """How far the steps keep to a few lines: one less the usual step over the largest one nearby.

    One for an image of squares, in which nothing changes but from one to the next. No lattice is assumed: an
    enlargement by a factor that is no whole number has squares of two sizes.
    """
    largest = ndimage.maximum_filter1d(profile, 2 * _LARGEST + 1, axis=1, mode="nearest")
    seen = largest > 1.0  # grey levels: elsewhere there is nothing, and nothing to see
    if seen.mean() < 0.05 or _alone_share(profile) < _ALONE:
        return 0.0
    return float(1 - np.median(profile[seen] / largest[seen]))


def _rhythm(steps, axis):
    """Strongest line in the spectrum of the second differences along an axis, over the median of the spectrum.

    Interpolated pixels are weighted means of their neighbours, more so in the middle between two than beside one: the
    second difference grows and shrinks with the phase. The lines of JPEG's blocks are left out.
    """
    bend = np.abs(np.diff(steps, axis=axis))
    np.minimum(bend, 32, out=bend)
    signal = bend.mean(axis=3 - axis)  # (n_tiles, positions)
    length = signal.shape[1]
    if length < 32:
        return np.nan
    window = np.hanning(length)
    smooth = signal - signal.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(smooth * window, axis=1)) ** 2
    power = power.mean(axis=0)
    frequency = np.arange(len(power)) / length
    usable = frequency > 0.12
    # Multiples of 1/8 of JPEG, and what the window spreads around them.
    nearest = np.abs(frequency * _JPEG - np.rint(frequency * _JPEG)) / _JPEG
    usable &= nearest > 2.5 / length
    if usable.sum() < 8:
        return np.nan
    return float(np.log(max(power[usable].max(), 1e-12) / max(np.median(power[usable]), 1e-12)))


def _fine_energy(views):
    """Logarithm of the energy in the finest octave over the next but one; low in what was scaled up or blurred."""
    tiles = views.tiles
    side = min(256, *tiles.shape[1:]) // 2 * 2
    if side < 32:
        return np.nan
    top, left = (tiles.shape[1] - side) // 2, (tiles.shape[2] - side) // 2
    window = np.hanning(side)[:, None] * np.hanning(side)
    part = tiles[:, top : top + side, left : left + side]
    part = (part - part.mean(axis=(1, 2), keepdims=True)) * window.astype(np.float32)
    power = (np.abs(np.fft.rfft2(part)) ** 2).mean(axis=0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    fine, next_ = (
        power[(frequency > 0.3) & (frequency <= 0.5)].mean(),
        power[(frequency > 0.1) & (frequency <= 0.2)].mean(),
    )
    if next_ < 1e-6:
        return np.nan
    return float(np.log10((fine + 1e-9) / next_))


def _both(first, second):
    """The mean of what two axes say, or what one says."""
    said = [value for value in (first, second) if not np.isnan(value)]
    return float(np.mean(said)) if said else np.nan


def grids(views):
    """Blocks of JPEG in grey levels, share of the steps on a lattice, rhythm and fineness of an enlargement."""
    names = (
        "jpeg_blocks", "jpeg_phase_across", "jpeg_phase_down", "pixelation", "resampling_rhythm",
        "fine_energy",
    )  # fmt: skip
    if min(views.tiles.shape[1:]) < 8:
        return dict.fromkeys(names, np.nan)
    (block_a, phase_a), (block_d, phase_d) = map(_blockiness, _excess_by_phase(views))
    squares = min(_big_pixels(profile) for profile in _profiles(views))
    rhythm = _both(_rhythm(views.across, 2), _rhythm(views.down, 1))
    values = (
        _both(block_a, block_d), phase_a, phase_d, squares, rhythm,
        _fine_energy(views),
    )  # fmt: skip
    return {name: float(value) for name, value in zip(names, values)}
