"""Colour images that no camera took: dead leaves, textured, shaded, and partly out of focus.

Everything lies in front of something else, and things of every size are about as frequent as in photographs: radii
follow a power law r^-3 (Lee, Mumford and Huang, 2001, "Occlusion models for natural images"). Restoration networks
learn from such images what edges and textures look like (Achddou, Gousseau and Ladjal, 2021, "Synthetic images as a
regularity prior for image restoration neural networks"). Here they stand for photographs whose quality is judged.

    python benchmarks/dead_leaves.py OUT.png [SEED]    draws some of them
"""

import sys

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

__all__ = ["dead_leaves"]

_LARGER = 2  # drawn this many times as large, and averaged down: edges are mixed as a lens mixes them


def dead_leaves(n_images, size=192, *, seed=0):
    """Images of overlapping things.

    Parameters
    ----------
    n_images : int
    size : int, default=192
        Pixels a side.
    seed : int, default=0

    Returns
    -------
    ndarray of uint8, of shape (n_images, size, size, 3)
    """
    images = np.empty((n_images, size, size, 3), dtype=np.uint8)
    for row in range(n_images):
        images[row] = _image(size, np.random.default_rng((seed, row)))
    return images


def _image(size, generator):
    side = size * _LARGER
    palette = _palette(generator)
    spectrum = [_field(side, generator) for _ in range(2)]
    behind = _layer(side, generator, palette, spectrum)[0]
    if generator.random() < 0.35:  # depth of field: what lies behind is out of focus, what lies before it is not
        behind = _blurred(behind, generator.uniform(1, 8) * _LARGER)
        front, covered = _layer(side, generator, palette, spectrum, cover=generator.uniform(0.15, 0.7))
        behind[covered] = front[covered]
    elif generator.random() < 0.15:  # or the other way round: something near is
        front, covered = _layer(side, generator, palette, spectrum, cover=0.3)
        weight = ndimage.uniform_filter(covered.astype(np.float32), 9 * _LARGER)[..., None]
        behind += weight * (_blurred(front, 4 * _LARGER) - behind)
    light = 1 + generator.uniform(0, 0.5) * (spectrum[0] - 0.5) if generator.random() < 0.5 else 1.0
    small = behind.reshape(size, _LARGER, size, _LARGER, 3).mean(axis=(1, 3))
    if np.ndim(light):
        small *= light.reshape(size, _LARGER, size, _LARGER).mean(axis=(1, 3))[..., None]
    return np.rint(_developed(small, generator) * 255).astype(np.uint8)


def _blurred(image, sigma):
    return ndimage.uniform_filter(ndimage.uniform_filter(image, (sigma, sigma, 0)), (sigma, sigma, 0))


def _palette(generator):
    """Colours of an image: a few hues with their relatives, from grey to vivid."""
    n = int(generator.integers(3, 9))
    luma = generator.uniform(0, 1, n)
    chroma = generator.normal(0, 1, (n, 3))
    chroma -= chroma.mean(axis=1, keepdims=True)
    vivid = 0.0 if generator.random() < 0.1 else generator.gamma(1.5, 0.07)
    return luma[:, None] + vivid * chroma


def _field(side, generator):
    """A Gaussian field whose power falls with frequency, from 0 to 1, drawn small and tiled: textures need no more."""
    n = side
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.rfftfreq(n), indexing="ij")).astype(np.float32)
    frequency[0, 0] = 1 / n
    noise = np.fft.rfft2(generator.standard_normal((n, n), dtype=np.float32)) / frequency ** generator.uniform(0.7, 1.8)
    field = np.fft.irfft2(noise, (n, n)).astype(np.float32)
    low, high = np.quantile(field[::4, ::4], [0.01, 0.99])
    return np.clip((field - low) / max(high - low, 1e-9), 0, 1)


def _layer(side, generator, palette, spectrum, cover=None):
    """Leaves over the whole, or over about a share of it: the colours, and where they are."""
    smallest, largest = generator.choice([0.012, 0.025, 0.06]), generator.uniform(0.25, 0.7)
    n = int(generator.integers(60, 600))
    if cover is not None:
        n = int(generator.integers(3, 40))
    radii = side * (smallest**-2 - generator.random(n) * (smallest**-2 - largest**-2)) ** -0.5
    radii[: max(1, n // 15)] *= generator.uniform(1, 6)
    generator.shuffle(radii)
    canvas = Image.new("I", (side, side), 0)
    draw = ImageDraw.Draw(canvas)
    for number, radius in enumerate(radii, start=1):
        _leaf(draw, generator, radius, side, number)
    which = np.asarray(canvas, dtype=np.int32)
    return _painted(which, n + 1, generator, palette, spectrum), which > 0


def _leaf(draw, generator, radius, side, number):
    x, y = generator.uniform(-0.1, 1.1, 2) * side
    sort = generator.integers(6)
    if sort < 2:
        tall = radius * generator.uniform(0.4, 1)
        draw.ellipse((x - radius, y - tall, x + radius, y + tall), fill=number)
        return
    if sort == 2:  # a stroke: a twig, a cable, a border of something
        end = np.array([x, y]) + radius * 3 * generator.uniform(-1, 1, 2)
        draw.line([(x, y), tuple(end)], fill=number, width=max(1, int(radius * generator.uniform(0.05, 0.3))))
        return
    corners = int(generator.integers(3, 9))
    angles = np.sort(generator.uniform(0, 2 * np.pi, corners))
    reach = radius * (np.ones(corners) if sort == 3 else generator.uniform(0.4, 1.2, corners))
    if sort == 5:  # a box
        angles = generator.uniform(0, np.pi) * (generator.random() < 0.5) + np.array([0.6, 2.5, 3.8, 5.6])
        reach = np.full(4, radius)
    draw.polygon([(x + r * np.cos(a), y + r * np.sin(a)) for a, r in zip(angles, reach)], fill=number)


def _painted(which, n, generator, palette, spectrum):
    """A colour, a gradient and a texture for each leaf, looked up for each pixel."""
    side = which.shape[0]
    colour = palette[generator.integers(len(palette), size=n)] + generator.normal(0, 0.06, (n, 1))
    colour = (colour + generator.normal(0, 0.02, (n, 3))).astype(np.float32)
    y, x = (axis.astype(np.float32) / side for axis in np.ogrid[:side, :side])
    slope = generator.normal(0, 0.25, (2, n)).astype(np.float32)
    shade = slope[0][which] * (x - 0.5) + slope[1][which] * (y - 0.5)
    textured = generator.random(n)
    rough = np.where(textured < 0.65, generator.gamma(1.0, 0.12, n), 0).astype(np.float32)
    shade += rough[which] * (spectrum[0] - 0.5)
    fine = np.where(textured > 0.5, generator.gamma(1.0, 0.10, n), 0).astype(np.float32)
    shade += fine[which] * (np.roll(spectrum[1], generator.integers(side, size=2), axis=(0, 1)) - 0.5)
    waved = (generator.random(n) < 0.12) * generator.uniform(0.05, 0.35, n)
    if waved.any():  # cloth, fences, hair
        angle, cycles = generator.uniform(0, np.pi, n), 10 ** generator.uniform(0.5, 1.7, n)
        along = (cycles * np.cos(angle)).astype(np.float32)[which] * x
        along += (cycles * np.sin(angle)).astype(np.float32)[which] * y
        shade += waved.astype(np.float32)[which] * np.sin(2 * np.pi * along + 3 * spectrum[0])
    return colour[which] + shade[..., None]


def _developed(image, generator):
    """From light to a picture: range, tone curve, white balance and a little of the camera's own noise."""
    low, high = np.quantile(image, [0.01, 0.99])
    black, white = generator.uniform(-0.03, 0.12), generator.uniform(0.75, 1.06)
    image = (image - low) / max(high - low, 0.15) * (white - black) + black
    image = np.clip(image, 0, 1) ** np.exp(generator.normal(0, 0.35))
    image *= np.exp(generator.normal(0, 0.06, 3))
    if generator.random() < 0.1:
        image[:] = image.mean(axis=2, keepdims=True)
    if generator.random() < 0.5:
        image += generator.normal(0, generator.uniform(0, 0.01), image.shape)
    return np.clip(image, 0, 1)


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    images = dead_leaves(24, seed=seed)
    sheet = images.reshape(4, 6, 192, 192, 3).transpose(0, 2, 1, 3, 4).reshape(4 * 192, 6 * 192, 3)
    Image.fromarray(sheet).save(sys.argv[1])


if __name__ == "__main__":
    main()
