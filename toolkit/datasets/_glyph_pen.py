"""A random hand: bend a letter's centre line, then draw it with a soft round pen."""

from dataclasses import dataclass

import numpy as np

from toolkit._core.geometry import smooth_field
from toolkit._core.images import iter_chunks
from toolkit.datasets._glyph_faces import MARGIN, MASTER

__all__ = ["Hand", "write"]

_LEAVES_FREE = 0.55  # radius of the thickest pen, in terms of a letter's clearance
_THINNEST = 0.75  # of that bound, in pixels of a 28x28 image
_FIELD = 20  # cells along each side of the grid on which a letter is bent
_CHUNK = 256  # letters drawn at a time, so that the working arrays stay within a processor's cache


@dataclass(frozen=True)
class Hand:
    """How much writing varies. Lengths are in pixels of a 28x28 image, standard deviations unless said otherwise."""

    lean: float = 0.15  # mean slant, shift per unit of height: most hands lean to the right
    slant: float = 0.18
    rotation: float = 6.0  # degrees
    stretch: float = 0.16  # log of the ratio of width to height
    perspective: float = 0.08  # change of scale from the centre to the edge of the letter
    proportion: float = 0.3  # how far the middle of a letter moves up or down, fraction of half its size
    bend: float = 0.06  # coarse displacement, fraction of the letter's size
    wobble: float = 0.016  # fine displacement, fraction of the letter's size
    trim: tuple[float, float] = (0.0, 0.12)  # range of what a stroke's end falls short of, fraction of the size
    trimmed: float = 0.5  # how often one does
    size: tuple[float, float] = (18.5, 21.5)  # range of the longer side
    shift: float = 0.6
    pen: tuple[float, float] = (0.8, 1.8)  # range of the pen's radius
    pressure: float = 0.10  # relative change of the radius along the strokes
    softness: tuple[float, float] = (0.8, 1.4)  # range of the width of the edge of a stroke


def _bilinear(tables, which, x, y):
    """Values of ``tables[which]`` at (x, y) in pixels from the upper left; clamped at the border.

    tables (m, s, s, c), which (n,), x and y (n, p) -> (n, p, c)
    """
    side = tables.shape[1]
    x, y = np.clip(x, 0, side - 1.001), np.clip(y, 0, side - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    u, v = (x - column)[..., None], (y - row)[..., None]
    flat = tables.reshape(-1, tables.shape[3])
    index = which[:, None].astype(np.int64) * side * side + row * side + column
    upper = flat[index] + (flat[index + 1] - flat[index]) * u
    index += side
    lower = flat[index] + (flat[index + 1] - flat[index]) * u
    return upper + (lower - upper) * v


def _draw_hands(n_letters, hand, generator):
    """Everything random about ``n_letters``, drawn in one place and one order."""
    shape = (_FIELD, _FIELD)

    def normal(*size):
        # Clipped: a letter that leans by three standard deviations is none any more.
        return np.clip(generator.standard_normal((n_letters, *size), dtype=np.float32), -2, 2)

    def uniform(limits):
        return generator.uniform(*limits, n_letters).astype(np.float32)

    def fields(cells):
        return np.stack([smooth_field(n_letters, shape, cells, generator) for _ in "xy"], axis=-1)

    angle, stretch = np.deg2rad(hand.rotation) * normal(), hand.stretch * normal()
    slant = hand.lean + hand.slant * normal()
    wide, high = np.exp(stretch / 2), np.exp(-stretch / 2)
    cos, sin = np.cos(angle), np.sin(angle)
    # letter -> paper: stretch, then slant (to the right at the top, where y is negative), then rotate
    forward = np.empty((n_letters, 2, 2), dtype=np.float32)
    forward[:, 0, 0], forward[:, 0, 1] = cos * wide, (-cos * slant - sin) * high
    forward[:, 1, 0], forward[:, 1, 1] = sin * wide, (-sin * slant + cos) * high
    bend, wobble = np.clip(fields(4.5), -2, 2), fields(1.8)
    # Moving the middle changes how large the upper and the lower part of a letter are: 6, 9, B, R.
    at = np.linspace(-1, 1, _FIELD, dtype=np.float32) * (1 + 2 * MARGIN / MASTER)
    bump = np.clip(1 - at**2, 0, 1)
    middle = hand.proportion * normal(2) / 2
    moved = np.zeros_like(bend)
    moved[..., 0] = 0.5 * middle[:, 0, None, None] * bump
    moved[..., 1] = middle[:, 1, None, None] * bump[:, None]
    return {
        "forward": forward,
        "tilt": hand.perspective * normal(2) / (MASTER / 2),
        # Some write evenly, some do not.
        "field": MASTER * uniform((0.4, 1.4))[:, None, None, None] * (hand.bend * bend + hand.wobble * wobble)
        + MASTER * moved,
        "end": uniform((0, 1)),
        "trim": MASTER * uniform(hand.trim) * (uniform((0, 1)) < hand.trimmed),
        "pressure": hand.pressure * smooth_field(n_letters, shape, 3.0, generator)[..., None],
        "size": uniform(hand.size),
        "shift": hand.shift * normal(2),
        "pen": uniform(hand.pen),
        "softness": uniform(hand.softness),
    }


def _apply(matrices, points):
    """Matrices (n, 2, 2) times points (n, p, 2); ten times faster spelled out than as einsum."""
    x, y = points[..., 0], points[..., 1]
    return np.stack([matrices[:, i, :1] * x + matrices[:, i, 1:] * y for i in (0, 1)], axis=-1)


def _project(vectors, points):
    """Scalar products of vectors (n, 2) with points (n, p, 2) -> (n, p, 1)."""
    return (vectors[:, :1] * points[..., 0] + vectors[:, 1:] * points[..., 1])[..., None]


def _displacement(hands, q):
    """Displacement (n, p, 2) at the points q (n, p, 2) of the letter's plane, centre at the origin."""
    cell = _FIELD / (MASTER + 2 * MARGIN)
    at = q * cell + (_FIELD - 1) / 2
    return _bilinear(hands["field"], np.arange(len(q)), at[..., 0], at[..., 1])


def _to_paper(hands, points):
    """Where the centre line lands on the paper: the inverse of :func:`_to_letter`."""
    q = points
    for _ in range(4):  # q + displacement(q) = point, by fixed-point iteration: the field is smooth and small
        q = points - _displacement(hands, q)
    q = q / (1 + _project(hands["tilt"], q))
    return _apply(hands["forward"], q)


def _to_letter(hands, paper):
    """Which point of the undistorted letter shows at each point of the paper."""
    q = _apply(np.linalg.inv(hands["forward"]), paper)
    q /= 1 - _project(hands["tilt"], q)
    return q + _displacement(hands, q)


def write(masters, which, image_size, generator, hand=None):
    """Write letters.

    Parameters
    ----------
    masters : list of Master
    which : ndarray of int of shape (n,)
        Index of the master of each image.
    image_size : int
    generator : numpy.random.Generator
    hand : Hand, default=None

    Returns
    -------
    ndarray of uint8 of shape (n, image_size, image_size)
    """
    tables = np.stack([master.distance for master in masters])[..., None]
    points = np.stack([master.points for master in masters])
    n_ends = np.array([len(master.ends) for master in masters])
    ends = np.full((len(masters), max(1, n_ends.max()), 2), 1e6, dtype=np.float32)  # no end: far away
    for row, master in zip(ends, masters, strict=True):
        row[: len(master.ends)] = master.ends
    clearance = np.array([master.clearance for master in masters], dtype=np.float32)
    images = np.empty((len(which), image_size, image_size), dtype=np.uint8)
    for part in iter_chunks(len(which), _CHUNK):
        hands = _draw_hands(len(which[part]), hand or Hand(), generator)
        chosen = which[part]
        end = ends[chosen, (hands["end"] * np.maximum(n_ends[chosen], 1)).astype(int)]
        images[part] = _write_chunk(tables, points[chosen], end, clearance[chosen], chosen, image_size, hands)
    return images


def _reach(points, end, hands):
    """How deep within the trimmed circle around a stroke's end points (n, p, 2) lie, in pixels of the master."""
    away = np.hypot(points[..., 0] - end[:, :1], points[..., 1] - end[:, 1:])
    return np.where(hands["trim"][:, None] > 0, hands["trim"][:, None] - away, -1e6)


def _local_scale(letter, image_size):
    """Pixels per unit of the letter's plane at each pixel (n, p), from the map's own area: the pen is not stretched."""
    grid = letter.reshape(len(letter), image_size, image_size, 2)
    down, right = np.gradient(grid, axis=(1, 2))
    area = right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]
    return 1 / np.sqrt(np.maximum(np.abs(area), 1e-6)).reshape(len(letter), -1)


def _write_chunk(tables, points, end, clearance, which, image_size, hands):
    unit = image_size / 28  # pixels here per pixel of a 28x28 image
    landed = _to_paper(hands, points)
    kept = (_reach(points, end, hands) < 0)[..., None]
    low, high = landed.min(axis=1, where=kept, initial=1e6), landed.max(axis=1, where=kept, initial=-1e6)
    # The pen adds its width to the box of the centre line. A letter all in one point cannot happen, but costs nothing.
    free = np.maximum(hands["size"] - 2 * hands["pen"], 4.0) * unit
    scale = free / np.maximum((high - low).max(axis=1), 1.0)  # pixels per unit of paper
    # MNIST centres the mass. A long letter is kept inside of the image.
    mass = landed.mean(axis=1, where=kept)
    room = (image_size / 2 - (hands["pen"] + 0.8) * unit)[:, None]
    shift = hands["shift"] * unit
    shift = np.minimum(shift, room - (high - mass) * scale[:, None])
    shift = np.maximum(shift, -room - (low - mass) * scale[:, None])

    axis = np.arange(image_size, dtype=np.float32) - (image_size - 1) / 2
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(1, -1, 2)
    paper = (grid - shift[:, None]) / scale[:, None, None] + mass[:, None]
    letter = _to_letter(hands, paper.astype(np.float32))
    at = letter + (tables.shape[1] - 1) / 2
    to_pixels = scale * np.sqrt(np.abs(np.linalg.det(hands["forward"])))  # on the whole
    distance = _bilinear(tables, which, at[..., 0], at[..., 1])[..., 0]
    # How far off the drawing a point lies counts too: the table ends, the paper does not.
    beyond = np.abs(letter).max(axis=2) - (tables.shape[1] - 1) / 2
    distance += np.maximum(beyond, 0)
    # Whoever writes with a thick pen leaves the strokes apart all the same.
    pen = np.minimum(hands["pen"] * unit, np.maximum(_LEAVES_FREE * clearance * to_pixels, _THINNEST * unit))
    distance = np.maximum(distance, _reach(letter, end, hands) + (pen / to_pixels)[:, None])
    cell = _FIELD / tables.shape[1]
    at = letter * cell + (_FIELD - 1) / 2
    pressure = _bilinear(hands["pressure"], np.arange(len(which)), at[..., 0], at[..., 1])[..., 0]
    radius = pen[:, None] * (1 + pressure)
    local = np.clip(_local_scale(letter, image_size), 0.4 * to_pixels[:, None], 2.5 * to_pixels[:, None])
    ink = 0.5 + (radius - distance * local) / (hands["softness"] * unit)[:, None]
    return np.rint(np.clip(ink, 0, 1) * 255).astype(np.uint8).reshape(-1, image_size, image_size)
