"""Make the network that finds writing laid over a picture, without a photograph.

Words, dates, addresses and letters at random are written over procedural images (``dead_leaves.py``) in the fonts that
matplotlib brings along; opaque and half transparent, level, aslant, upright, once or all over. What has no writing has
strokes, grids, scribbles and dots instead, of which nature and streets are full. A time budget sets the length; what is
there is gone on from.

    python benchmarks/writing_prior.py --minutes 52         one core
    python benchmarks/writing_prior.py --export-only        writes the weights of what has been reached
"""

from pathlib import Path

import matplotlib
import numpy as np
import torch
from leaves_prior import _ordinary, _saved
from leaves_training import BudgetedTraining, budgeted, leaves, make, say
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch.nn import functional

from toolkit import diagnostics
from toolkit.diagnostics.damage.writing import STRIDE, WritingNetwork

TARGET = Path(diagnostics.__file__).parent / "damage" / "writing.safetensors"
OUTPUTS = Path(__file__).parent.parent / "outputs" / "leaves"
SIDE = 128  # pixels a side of what is shown
CHUNK, PASSES, BATCH = 1536, 2, 64
PEAK = 3e-3
FONTS = [
    Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    for name in (
        "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif",
        "DejaVuSerif-Bold", "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10",
        "cmss10", "cmtt10", "cmb10",
    )
]  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
INKS = [(255, 255, 255), (255, 255, 255), (0, 0, 0), (255, 220, 0), (230, 30, 30), (255, 140, 0)]


def words(generator):
    """Something that people, cameras and agencies write over pictures."""
    sort = generator.integers(6)
    if sort == 0:
        year, month, day = generator.integers(1980, 2040), generator.integers(1, 13), generator.integers(1, 32)
        forms = ("{:04d}-{:02d}-{:02d}", "{:04d}/{:02d}/{:02d}", "{2:02d}.{1:02d}.{0:04d}", "'{0:02d} {1} {2}")
        date = forms[generator.integers(4)].format(year, month, day)
        return date + (
            f" {generator.integers(24):02d}:{generator.integers(60):02d}" if generator.random() < 0.5 else ""
        )
    if sort == 1:
        return f"www.{_word(generator)}.{('com', 'net', 'de', 'org')[generator.integers(4)]}"
    if sort == 2:
        return f"(c) {_word(generator).title()}" if generator.random() < 0.5 else f"@{_word(generator)}"
    text = " ".join(_word(generator) for _ in range(generator.integers(1, 4)))
    return (text, text.upper(), text.title())[generator.integers(3)]


def _word(generator):
    letters = [LETTERS[place] for place in generator.integers(26, size=generator.integers(3, 11))]
    vowels = [("a", "e", "i", "o", "u")[place] for place in generator.integers(5, size=len(letters))]
    return "".join(vowel if k % 2 else letter for k, (letter, vowel) in enumerate(zip(letters, vowels)))


def _ink(generator):
    if generator.random() < 0.85:
        return INKS[generator.integers(len(INKS))]
    return tuple(int(value) for value in generator.integers(0, 256, 3))


def written(picture, generator):
    """The picture with writing over it, and where the writing is, as a share of each pixel."""
    width, height = picture.size
    size = float(np.exp(generator.uniform(np.log(7), np.log(44))))
    font = ImageFont.truetype(FONTS[generator.integers(len(FONTS))], size)
    outline = int(generator.integers(1, 3)) if generator.random() < 0.2 else 0
    text, ink = words(generator), _ink(generator)
    alpha = 255 if generator.random() < 0.5 else int(generator.uniform(70, 220))
    angle = 0.0
    if generator.random() < 0.3:
        angle = 90.0 if generator.random() < 0.2 else float(generator.uniform(-50, 50))
    mask, rim = (Image.new("L", (3 * width, 3 * height), 0) for _ in range(2))
    right, bottom = font.getbbox(text, stroke_width=outline)[2:]
    everywhere = generator.random() < 0.12
    places = [(1.5 * width - right / 2, 1.5 * height - bottom / 2)]
    if everywhere:
        across, down = right + size * generator.uniform(1, 4), bottom + size * generator.uniform(1, 5)
        places = [(x, y) for x in np.arange(0, 3 * width, across) for y in np.arange(0, 3 * height, down)]
    for x, y in places:
        ImageDraw.Draw(mask).text((x, y), text, fill=255, font=font)
        if outline:
            ImageDraw.Draw(rim).text((x, y), text, fill=255, font=font, stroke_width=outline)
    mask, rim = (layer.rotate(angle, resample=Image.Resampling.BICUBIC) for layer in (mask, rim))
    # So far in the middle of something larger: moved to where it shall be, more than half of a short word seen.
    reach = (max(0, width - right) / 2, max(0, height - bottom) / 2) if angle == 0 else (width / 3, height / 3)
    free = (reach[0] + min(right, width) * 0.25, reach[1] + min(bottom, height) * 0.1)
    dx, dy = (0.0, 0.0) if everywhere else (generator.uniform(-1, 1) * free[0], generator.uniform(-1, 1) * free[1])
    corner = (round(width - dx), round(height - dy))
    box = (*corner, corner[0] + width, corner[1] + height)
    mask, rim = (np.asarray(layer.crop(box), dtype=np.float32) / 255 for layer in (mask, rim))
    values = np.asarray(picture, dtype=np.float32)
    if outline:
        values = values + (rim * alpha / 255)[..., None] * ((0.0 if sum(ink) > 380 else 255.0) - values)
    values = values + (mask * alpha / 255)[..., None] * (np.array(ink, dtype=np.float32) - values)
    return Image.fromarray(np.rint(np.clip(values, 0, 255)).astype(np.uint8)), mask


def distracted(picture, generator):
    """The picture with strokes, grids, scribbles or dots, which are no writing."""
    if generator.random() < 0.35:
        return picture
    picture = picture.copy()
    draw = ImageDraw.Draw(picture)
    side = picture.size[0]
    ink, sort = _ink(generator), generator.integers(6)
    n, thick = int(generator.integers(2, 60)), int(generator.integers(1, 5))
    ends = generator.uniform(0, side, (n, 2))
    if sort == 0:  # twigs, whiskers, wires
        for x, y in ends:
            bend = generator.normal(0, generator.uniform(4, 40), (3, 2)).cumsum(axis=0)
            draw.line([(x, y), *[(x + a, y + b) for a, b in bend]], fill=ink, width=thick, joint="curve")
    elif sort == 1:  # fences, blinds, bricks
        pace, skew = generator.uniform(4, 24), generator.uniform(-0.3, 0.3)
        for k in range(int(2 * side / pace)):
            draw.line([(k * pace, 0), (k * pace + skew * side, side)], fill=ink, width=thick)
            if generator.random() < 0.5:
                draw.line([(0, k * pace), (side, k * pace - skew * side)], fill=ink, width=thick)
    elif sort == 2:  # lights, berries, spots
        for x, y in ends:
            r = generator.uniform(1, 6)
            draw.ellipse((x - r, y - r * generator.uniform(0.5, 1), x + r, y + r), fill=ink)
    elif sort == 3:  # leaves of grass: many short strokes of about one direction
        along = generator.uniform(0, np.pi)
        for x, y in ends:
            turn, reach = along + generator.normal(0, 0.3), generator.uniform(4, 25)
            draw.line([(x, y), (x + reach * np.cos(turn), y + reach * np.sin(turn))], fill=ink, width=thick)
    elif sort == 4:  # rings, buttons, eyes
        for x, y in ends[:12]:
            r = generator.uniform(3, 14)
            draw.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=thick)
    else:  # a row of small even things: windows, keys, teeth
        x, y = ends[0]
        wide, tall, gap = generator.uniform(3, 12), generator.uniform(4, 16), generator.uniform(1, 6)
        for k in range(n):
            draw.rectangle((x + k * (wide + gap), y, x + k * (wide + gap) + wide, y + tall), fill=ink)
    if generator.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.3, 1.0)))
    return picture


def _part(image, generator):
    """A part of a procedural image, or more of it made smaller, as photographs are made smaller."""
    side = SIDE if generator.random() < 0.4 else int(generator.uniform(SIDE, image.shape[0]))
    top, left = generator.integers(0, image.shape[0] - side + 1, 2)
    part = np.rot90(image[top : top + side, left : left + side], generator.integers(4))
    picture = Image.fromarray(np.ascontiguousarray(part[:, :: generator.choice([-1, 1])]))
    return picture if side == SIDE else picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def drawn(images, n, generator):
    """Pictures (n, SIDE, SIDE, 3) of uint8, and the share of writing in each cell of the map."""
    pictures, cells = np.empty((n, SIDE, SIDE, 3), np.uint8), np.zeros((n, SIDE // STRIDE, SIDE // STRIDE), np.float32)
    for row in range(n):
        picture = _ordinary(_part(images[generator.integers(len(images))], generator), generator)
        if generator.random() < 0.5:
            picture = distracted(picture, generator)
        if generator.random() < 0.5:
            picture, mask = written(picture, generator)
            cells[row] = mask.reshape(SIDE // STRIDE, STRIDE, SIDE // STRIDE, STRIDE).mean(axis=(1, 3))
        if generator.random() < 0.3:
            picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.2, 0.6)))
        if generator.random() < 0.6:
            picture = _saved(picture, generator, 60)
        values = np.asarray(picture)
        pictures[row] = values.mean(axis=2, keepdims=True) if generator.random() < 0.1 else values
    return pictures, cells


class Training(BudgetedTraining):
    """The network of writing with its optimiser."""

    def __init__(self, device):
        super().__init__(WritingNetwork, device, seed=7, peak=PEAK, warm_up=50, averaging=0.995, weight_decay=1e-2)

    def step(self, pictures, cells, done):
        """One step; ``done`` is how much of the budget is used."""
        self.network.train()
        with torch.autocast(self.device, dtype=torch.bfloat16):
            found = self.network.map(pictures)
        # A cell that is hardly touched may be called either way.
        weight = ((cells == 0) | (cells > 0.06)).float()
        by_cell = functional.binary_cross_entropy_with_logits(found, (cells > 0.06).float(), weight)
        covered = (cells > 0.06).sum((1, 2))
        clear = ((covered == 0) & (cells.amax((1, 2)) == 0)) | (covered > 2)
        of_picture = functional.binary_cross_entropy_with_logits(
            self.network.of_map(found), (covered > 2).float(), clear.float()
        )
        loss = by_cell + 0.3 * of_picture
        self.descend(loss, done)
        return float(by_cell.detach()), float(of_picture.detach())


def train(options, training, path):
    images = leaves(options.images, options.cache, seed=1000)
    for used in budgeted(training, options.minutes, path):
        begun = used()
        generator = np.random.default_rng((11, training.chunks))
        pictures, cells = map(torch.from_numpy, drawn(images, CHUNK, generator))
        drawing, losses = used() - begun, []
        for _ in range(PASSES):
            for rows in torch.from_numpy(generator.permutation(CHUNK)).split(BATCH):
                losses.append(training.step(pictures[rows].to(options.device), cells[rows].to(options.device), used()))
        by_cell, of_picture = np.mean(losses[: len(losses) // PASSES], axis=0)
        say(training, options, used(), drawing, f"loss of cells {by_cell:.4f}, of pictures {of_picture:.3f}")


if __name__ == "__main__":
    make(
        Training,
        train,
        TARGET,
        {"toolkit writing 1": "writing"},
        description=__doc__,
        minutes=52.0,
        images=2000,
        cache=OUTPUTS,
    )
