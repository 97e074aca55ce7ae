"""Images that no camera took and nobody wrote: what identifiers are pretrained on beside rendered glyphs.

Strokes and curves, objects made of parts, shapes, textures, dead leaves, and fields of blobs; light on dark, as the
identifier's networks see every set. They stand for what a set may hold: drawn symbols, clothing, cells, surfaces. None
of them has a meaning, so nothing about them is known beyond what pixels say.

    python benchmarks/procedural_images.py OUT.png    draws some of each sort
"""

import sys
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

SORTS = ("strokes", "objects", "shapes", "textures", "leaves", "blobs")
# Images are drawn this many times as large and averaged down.
_LARGER = 4


def procedural_images(n_images, size=28, *, seed=0, sorts=SORTS):
    """Images of each sort in turn.

    Returns
    -------
    ndarray of uint8, of shape (n_images, size, size)
    """
    generator = np.random.default_rng(seed)
    images = np.empty((n_images, size, size), dtype=np.uint8)
    for row in range(n_images):
        unit = _DRAW[sorts[row % len(sorts)]](size, generator)
        unit = np.clip(unit, 0, 1)
        border = np.concatenate([unit[0], unit[-1], unit[:, 0], unit[:, -1]])
        images[row] = np.rint((1 - unit if border.mean() > 0.5 else unit) * 255)
    return images


def _canvas(size):
    return Image.new("L", (size * _LARGER, size * _LARGER), 0)


def _reduced(canvas, size, generator, blur=0.5):
    grey = np.asarray(canvas, dtype=np.float32).reshape(size, _LARGER, size, _LARGER).mean(axis=(1, 3)) / 255
    return ndimage.gaussian_filter(grey, generator.uniform(0, blur))


def _strokes(size, generator):
    """One to five strokes of a pen, joined or not, as in a sign of some alphabet."""
    canvas, side = _canvas(size), size * _LARGER
    draw = ImageDraw.Draw(canvas)
    width = side * generator.uniform(0.03, 0.13)
    box = side * generator.uniform(0.5, 0.9)
    low = (side - box) / 2
    end = None
    for _ in range(generator.integers(1, 6)):
        points = low + box * generator.random((generator.integers(2, 5), 2))
        if end is not None and generator.random() < 0.6:
            points[0] = end
        t = np.linspace(0, 1, 24)[:, None]
        curve = points
        if len(points) > 2 and generator.random() < 0.75:  # Bezier, by de Casteljau
            levels = [np.repeat(point[None], len(t), axis=0) for point in points]
            while len(levels) > 1:
                levels = [one * (1 - t) + two * t for one, two in pairwise(levels)]
            curve = levels[0]
        end = curve[-1]
        draw.line([tuple(point) for point in curve], fill=255, width=max(1, round(width)), joint="curve")
        for x, y in (curve[0], curve[-1]):
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return _reduced(canvas, size, generator) * generator.uniform(0.7, 1)


def _profile(generator, n=6):
    """Half a silhouette from top to bottom: heights and half widths."""
    heights = np.sort(np.r_[0, generator.random(n - 2), 1])
    widths = np.clip(generator.uniform(0.1, 0.5) + 0.25 * np.cumsum(generator.normal(0, 0.5, n)), 0.05, 0.5)
    return heights, widths


def _objects(size, generator):
    """A body with a left and a right like each other, limbs, a surface and details."""
    canvas, side = _canvas(size), size * _LARGER
    draw = ImageDraw.Draw(canvas)
    heights, widths = _profile(generator)
    tall, middle = side * generator.uniform(0.6, 0.98), side * generator.uniform(0.47, 0.53)
    top = (side - tall) / 2
    skew = 0.0 if generator.random() < 0.6 else generator.normal(0, 0.35)  # a third are not alike on both sides
    left = [(middle - w * side * (1 + skew * h), top + h * tall) for h, w in zip(heights, widths)]
    right = [(middle + w * side * (1 - skew * h), top + h * tall) for h, w in zip(heights, widths)]
    tone = int(generator.uniform(90, 255))
    draw.polygon(left + right[::-1], fill=tone)
    for _ in range(generator.integers(0, 3)):  # limbs, a pair each
        at, reach, thick = (
            generator.random(),
            side * generator.uniform(0.15, 0.45),
            side * generator.uniform(0.04, 0.12),
        )
        drop, shade = side * generator.uniform(-0.1, 0.5), int(tone * generator.uniform(0.7, 1))
        y, w = top + at * tall, np.interp(at, heights, widths) * side
        for sign in (-1, 1):
            draw.line(
                [(middle + sign * w * 0.8, y), (middle + sign * (w + reach), y + drop)], fill=shade, width=round(thick)
            )
    if generator.random() < 0.3:  # a part cut away: between legs, under a handle
        w, h = side * generator.uniform(0.02, 0.12), tall * generator.uniform(0.2, 0.6)
        draw.rectangle((middle - w, top + tall - h, middle + w, top + tall), fill=0)
    for _ in range(generator.integers(0, 4)):
        y, shade = top + generator.random() * tall, int(generator.uniform(0, 255))
        w = np.interp((y - top) / tall, heights, widths) * side * generator.uniform(0.3, 1)
        draw.line([(middle - w, y), (middle + w, y)], fill=shade, width=int(generator.integers(1, 6)))
    grey = _reduced(canvas, size, generator)
    return grey * (1 - generator.uniform(0, 0.5) * _surface(size, generator))


def _shapes(size, generator):
    """Some plain figures, filled or not, that need not touch."""
    canvas, side = _canvas(size), size * _LARGER
    draw = ImageDraw.Draw(canvas)
    for _ in range(generator.integers(1, 6)):
        centre, radius = side * generator.uniform(0.2, 0.8, 2), side * generator.uniform(0.06, 0.32)
        tone, width = int(generator.uniform(90, 255)), max(1, round(side * generator.uniform(0.02, 0.06)))
        corners = int(generator.integers(2, 8))
        if corners == 2:
            wide = radius * generator.uniform(0.5, 1.5)
            box = (centre[0] - wide, centre[1] - radius, centre[0] + wide, centre[1] + radius)
            draw.ellipse(box, fill=tone) if generator.random() < 0.6 else draw.ellipse(box, outline=tone, width=width)
            continue
        angles = np.sort(generator.uniform(0, 2 * np.pi, corners))
        points = [tuple(centre + radius * np.array([np.cos(a), np.sin(a)])) for a in angles]
        if generator.random() < 0.6:
            draw.polygon(points, fill=tone)
        else:
            draw.line([*points, points[0]], fill=tone, width=width, joint="curve")
    return _reduced(canvas, size, generator)


def _surface(size, generator):
    """Plain, striped, chequered or blotched, from 0 to 1."""
    y, x = np.mgrid[:size, :size] / size
    sort = generator.integers(5)
    if sort == 0:
        return np.full((size, size), 0.5)
    if sort == 1:
        angle, f = generator.uniform(0, np.pi), generator.uniform(1, 9)
        return 0.5 + 0.5 * np.sin(2 * np.pi * f * (x * np.cos(angle) + y * np.sin(angle)) + generator.uniform(0, 6))
    if sort == 2:
        f, g = generator.integers(2, 8, 2)
        return ((np.floor(x * f) + np.floor(y * g)) % 2).astype(float)
    if sort == 3:
        return np.clip(x * generator.normal() + y * generator.normal() + 0.5, 0, 1)
    return _spectrum(size, generator)


def _spectrum(size, generator):
    """A Gaussian field whose power falls with frequency, from 0 to 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    frequency[0, 0] = 1 / size
    noise = np.fft.rfft2(generator.normal(size=(size, size))) / frequency ** generator.uniform(1.2, 2.4)
    field = np.fft.irfft2(noise, (size, size))
    return (field - field.min()) / max(np.ptp(field), 1e-9)


def _textures(size, generator):
    first, second = _surface(size, generator), _spectrum(size, generator)
    weight = generator.random()
    low, high = np.sort(generator.random(2))
    return low + (weight * first + (1 - weight) * second) * (high - low if high - low > 0.3 else 0.6)


def _leaves(size, generator):
    """Overlapping figures of many sizes, as everything in front of everything else (Lee et al., 2001)."""
    canvas, side = _canvas(size), size * _LARGER
    draw = ImageDraw.Draw(canvas)
    n = int(generator.integers(12, 60))
    low, high = 0.04, 0.5  # radii of a power law r^-3, by inversion
    radii = side * (low**-2 - generator.random(n) * (low**-2 - high**-2)) ** -0.5
    spread = generator.uniform(0.4, 1)
    middle = generator.uniform(0.3, 0.7)
    draw.rectangle((0, 0, side, side), fill=int(255 * middle))
    for radius in radii:
        x, y = generator.uniform(0, side, 2)
        tone = int(255 * np.clip(middle + spread * (generator.random() - 0.5), 0, 1))
        if generator.random() < 0.5:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=tone)
        else:
            angle, ratio = generator.uniform(0, np.pi), generator.uniform(0.3, 1)
            points = [(1, ratio), (-1, ratio), (-1, -ratio), (1, -ratio)]
            c, s = np.cos(angle) * radius, np.sin(angle) * radius
            draw.polygon([(x + c * a - s * b, y + s * a + c * b) for a, b in points], fill=tone)
    shade = 1 - generator.uniform(0, 0.4) * _spectrum(size, generator)
    return _reduced(canvas, size, generator, blur=0.8) * shade


def _blobs(size, generator):
    """Soft and hard round things on a dark ground, as cells are."""
    canvas, side = _canvas(size), size * _LARGER
    draw = ImageDraw.Draw(canvas)
    scale = side * generator.uniform(0.04, 0.2)
    for _ in range(generator.integers(1, 20)):
        x, y = generator.uniform(0, side, 2)
        a, b = scale * generator.uniform(0.6, 1.5, 2)
        draw.ellipse((x - a, y - b, x + a, y + b), fill=int(generator.uniform(60, 255)))
    grey = _reduced(canvas, size, generator, blur=2)
    return np.clip(grey + generator.uniform(0, 0.25) * _spectrum(size, generator), 0, 1)


_DRAW = dict(zip(SORTS, (_strokes, _objects, _shapes, _textures, _leaves, _blobs)))


def main():
    images = procedural_images(24 * len(SORTS), seed=1).reshape(24, len(SORTS), 28, 28)
    sheet = images.transpose(1, 2, 0, 3).reshape(len(SORTS) * 28, 24 * 28)
    Image.fromarray(sheet).resize((24 * 56, len(SORTS) * 56), Image.Resampling.NEAREST).save(sys.argv[1])


if __name__ == "__main__":
    main()
