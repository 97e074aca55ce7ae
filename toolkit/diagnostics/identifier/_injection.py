"""Plant known corruptions in a set of images, so that a network can learn to name them.

Besides the named kinds, two sorts of examples stand for "unknown": generic outliers of no kind, and two kinds at once.
"""

from dataclasses import dataclass

import numpy as np

from toolkit.corruption import GENERIC_OUTLIERS, STRENGTHS, SYMMETRIES, apply_generic, corrupt_stack

__all__ = ["Injector", "Planted", "images_per_round", "plant_evenly", "turn_any_way"]

# Share of the planted images that are turned by any angle up to a quarter turn and teach the angle only.
_TURNED, _MAX_TURN = 0.15, 90.0
# Images in which every kind is planted as often as the others: so many for each image of the set, at most so many.
_EVENLY_PER_IMAGE, _MOST_EVENLY = 10, 6000
# Images planted at a time; bounds memory, since planting works in float32.
_CHUNK = 2048


@dataclass(frozen=True)
class Planted:
    """Planted images and the truth about them, row by row.

    Attributes
    ----------
    images : ndarray of uint8, of shape (n, height, width[, 3])
    kind : ndarray of int64
        0 is clean, then the planted kinds in order, then "unknown"; -1 where only the angle is to be learnt.
    angle : ndarray of float32
        Radians, counter-clockwise as displayed; NaN where unknown.
    severity : ndarray of float32
        In [0, 1]; NaN where there is none.
    """

    images: np.ndarray
    kind: np.ndarray
    angle: np.ndarray
    severity: np.ndarray

    def arrays(self):
        """What the training loop takes."""
        return self.images, self.kind, self.angle, self.severity

    def take(self, rows):
        """Some of the rows."""
        return Planted(*(values[rows] for values in self.arrays()))


class Injector:
    """Plants the given kinds, in given shares.

    Parameters
    ----------
    kinds : tuple of str
        Named kinds of :data:`toolkit.corruption.KINDS`.
    """

    def __init__(self, kinds):
        self.kinds = kinds
        self.n_outputs = len(kinds) + 2

    @property
    def pairs(self):
        """Codes of two kinds that may be planted together, of shape (n_pairs, 2)."""
        return _pairs_of(self.kinds)

    def shares(self, errors=None, *, clean=0.25, unknown=0.15):
        """Share of each output among the planted images.

        Half of what the named kinds get is spread evenly, the other half goes where the network still errs.

        Parameters
        ----------
        errors : ndarray of shape (n_outputs,), optional
            Mean loss of each output so far.
        """
        weights = np.ones(len(self.kinds))
        if errors is not None:
            losses = np.nan_to_num(errors[1:-1])
            weights = 0.5 + 0.5 * losses / max(losses.mean(), 1e-6)
        shares = np.concatenate([[clean], (1 - clean - unknown) * weights / weights.sum(), [unknown]])
        return shares / shares.sum()

    def even_shares(self):
        """The same share for everything but clean."""
        return np.r_[0.0, np.full(self.n_outputs - 1, 1.0 / (self.n_outputs - 1))]

    def draw(self, n_images, shares, generator):
        """What to plant in each of ``n_images`` images, drawn by ``shares``."""
        return generator.choice(self.n_outputs, size=n_images, p=shares)

    def plant(self, images, kind, generator):
        """Plant ``kind[i]`` in each image ``i`` of ``images`` (uint8)."""
        n = len(images)
        planted = Planted(
            images.copy(), kind.copy(), np.full(n, np.nan, dtype=np.float32), np.full(n, np.nan, dtype=np.float32)
        )
        planted.angle[kind == 0] = 0.0
        for start in range(0, n, _CHUNK):
            self._plant_chunk(planted, slice(start, start + _CHUNK), generator)
        return planted

    def _plant_chunk(self, planted, part, generator):
        unit = planted.images[part].astype(np.float32) / 255
        kind = planted.kind[part]
        turned = (kind > 0) & (generator.random(len(kind)) < _TURNED)
        for code, name in enumerate(self.kinds, start=1):
            rows = np.flatnonzero((kind == code) & ~turned)
            if len(rows):
                unit[rows], parameters = corrupt_stack(unit[rows], name, generator=generator)
                if name == "rotate":
                    planted.angle[part][rows] = np.deg2rad(parameters["angle"].astype(np.float32))
                if STRENGTHS[name] is not None:
                    planted.severity[part][rows] = parameters["severity"].astype(np.float32)
        rows = np.flatnonzero((kind == self.n_outputs - 1) & ~turned)
        unit[rows] = self._unknown(unit[rows], generator)
        rows = np.flatnonzero(turned)
        unit[rows], planted.angle[part][rows] = turn_any_way(unit[rows], generator)
        planted.kind[part][rows] = -1
        planted.images[part] = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)

    def _unknown(self, unit, generator):
        """Generic outliers and pairs of kinds, in equal shares of each sort."""
        out = unit.copy()
        sorts = [*GENERIC_OUTLIERS, *(["pair", "pair"] if len(self.pairs) else [])]
        sort = generator.integers(len(sorts), size=len(unit))
        for code, name in enumerate(GENERIC_OUTLIERS):
            rows = np.flatnonzero(sort == code)
            if len(rows):
                out[rows] = apply_generic(unit[rows], name, generator=generator)
        rows = np.flatnonzero(sort >= len(GENERIC_OUTLIERS))
        out[rows] = self._pairs(unit[rows], generator)
        return out

    def _pairs(self, unit, generator):
        """Two kinds, one after the other."""
        out = unit.copy()
        if len(unit) == 0:
            return out
        for codes in self.pairs[generator.integers(len(self.pairs), size=len(unit))].T:
            for code in np.unique(codes):
                rows = np.flatnonzero(codes == code)
                out[rows], _ = corrupt_stack(out[rows], self.kinds[code], generator=generator)
        return out


def _pairs_of(kinds):
    """Codes of two kinds that together are neither of them, nor a third one, nor nothing at all.

    A kind twice is itself again, or the image as it was (an inversion); two symmetries make a third.
    """
    pairs = [
        (first, second)
        for first, one in enumerate(kinds)
        for second, other in enumerate(kinds)
        if first != second and not (one in SYMMETRIES and other in SYMMETRIES)
    ]
    return np.array(pairs, dtype=int).reshape(-1, 2)


def turn_any_way(unit, generator):
    """Turn each image by up to a quarter turn; angles in radians."""
    from toolkit._core.geometry import rotate

    angles = generator.uniform(-_MAX_TURN, _MAX_TURN, size=len(unit)).astype(np.float32)
    if len(unit) == 0:
        return unit, angles
    border = np.median(np.concatenate([unit[:, 0], unit[:, -1], unit[:, :, 0], unit[:, :, -1]], axis=1), axis=1)
    return np.clip(rotate(unit, angles, fill=border), 0, 1), np.deg2rad(angles)


def images_per_round(n_samples):
    """Images to plant in a round: a small set is planted several times over, a tiny one is not."""
    repeats = 1 if n_samples < 200 else 2 if n_samples < 500 else 4
    return max(n_samples, min(repeats * n_samples, 15_000))


def plant_evenly(injector, images, trusted, preferred, generator):
    """Plant every kind as often as the others in trusted rows, half of them preferred ones.

    Parameters
    ----------
    injector : Injector
    images : ndarray of uint8
    trusted, preferred : ndarray of bool of shape (n,)
    generator : numpy.random.Generator

    Returns
    -------
    planted : Planted
    rows : ndarray of int
        Which images they were.
    """
    n = min(_MOST_EVENLY, _EVENLY_PER_IMAGE * len(images))
    preferred = trusted & preferred if (trusted & preferred).any() else trusted
    halves = ((preferred, n // 2), (trusted, n - n // 2))
    rows = np.concatenate([np.resize(generator.permutation(np.flatnonzero(mask)), size) for mask, size in halves])
    planted = injector.plant(images[rows], injector.draw(n, injector.even_shares(), generator), generator)
    named = planted.kind > 0  # the others were turned, to teach angles
    return planted.take(named), rows[named]
