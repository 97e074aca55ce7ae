"""Make the network that names how a photograph was damaged, without a photograph.

Damages of the toolkit's own kinds, of strengths from hardly seen to gross, are planted in patches of procedural images
(``dead_leaves.py``). What is clean has been through what ordinary pictures go through as well: made smaller, sharpened,
saved as a good JPEG, a little noise. A time budget sets the length; what is there is gone on from, so that it may be
stopped at any moment.

    python benchmarks/leaves_prior.py --minutes 40          one core
    python benchmarks/leaves_prior.py --minutes 5 --images 20000 --device cuda
    python benchmarks/leaves_prior.py --export-only         writes the weights of what has been reached
"""

import io
from pathlib import Path

import numpy as np
import torch
from leaves_training import BudgetedTraining, budgeted, leaves, make, say
from PIL import Image, ImageFilter
from torch.nn import functional

from toolkit import diagnostics
from toolkit.corruption._kinds import MODELS
from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork

TARGET = Path(diagnostics.__file__).parent / "damage" / "leaves.safetensors"
OUTPUTS = Path(__file__).parent.parent / "outputs" / "leaves"
OUTER, PATCH = 96, 64  # pixels of what is damaged, and of what of it is shown: no edge gives a damage away
CHUNK, PASSES, BATCH = 6144, 2, 256
CLEAN_SHARE = 0.3
PEAK = 4e-3
Resampling = Image.Resampling


def log_uniform(low, high, n, generator):
    return np.exp(generator.uniform(np.log(low), np.log(high), n))


def _noise(stack, n, generator):
    """One of three kinds of noise, or noise that is the same in all channels."""
    sort = generator.integers(4)
    if sort == 0:
        return MODELS["shot_noise"](stack, log_uniform(12, 400, n, generator), generator)[0]
    if sort == 1:
        return MODELS["speckle_noise"](stack, log_uniform(0.05, 0.5, n, generator), generator)[0]
    sigma = log_uniform(0.025, 0.2, n, generator)
    if sort == 2:
        grey = generator.standard_normal((*stack.shape[:3], 1), dtype=np.float32)
        return stack + grey * sigma[:, None, None, None].astype(np.float32)
    return MODELS["gaussian_noise"](stack, sigma, generator)[0]


def _hot_pixels(stack, n, generator):
    bright = MODELS["hot_pixels"](stack, log_uniform(4e-4, 5e-3, n, generator), generator)[0]
    if generator.random() < 0.4:
        return bright
    changed = (bright != stack).any(axis=3)
    stack = stack.copy()
    places = np.nonzero(changed)
    values = (
        generator.integers(0, 2, (len(places[0]), 3)) if generator.random() < 0.5 else np.zeros((len(places[0]), 3))
    )
    stack[places] = np.where(generator.random((len(places[0]), 1)) < 0.5, values, generator.random(values.shape) > 0.2)
    return stack


def _each(stack, change):
    """A change of Pillow's to each image."""
    out = np.empty_like(stack)
    for place, image in enumerate(np.rint(np.clip(stack, 0, 1) * 255).astype(np.uint8)):
        out[place] = np.asarray(change(Image.fromarray(image)), dtype=np.float32) / 255
    return out


def _through(small, up):
    def change(picture):
        size = (max(2, round(picture.width / small[0])), max(2, round(picture.height / small[0])))
        return picture.resize(size, small[1]).resize(picture.size, up)

    return change


def _scaled_up(stack, n, generator):
    if generator.random() < 0.3:
        return MODELS["scaled_up"](stack, generator.uniform(1.7, 5, n), generator)[0]
    ways = [Resampling.BILINEAR, Resampling.BICUBIC, Resampling.LANCZOS]
    return _each(
        stack,
        lambda picture: _through(
            (generator.uniform(1.7, 5), ways[generator.integers(3)] if generator.random() < 0.5 else Resampling.BOX),
            ways[generator.integers(3)],
        )(picture),
    )


def _pixelate(stack, n, generator):
    if generator.random() < 0.5:
        return MODELS["pixelate"](stack, log_uniform(2.5, 16, n, generator), generator)[0]
    ways = [Resampling.BOX, Resampling.BILINEAR, Resampling.NEAREST]
    return _each(
        stack,
        lambda picture: _through(
            (float(log_uniform(2.2, 16, 1, generator)[0]), ways[generator.integers(3)]), Resampling.NEAREST
        )(picture),
    )


def _low_contrast(stack, n, generator):
    factor = generator.uniform(0.1, 0.4, n).astype(np.float32)[:, None, None, None]
    mean = stack.mean(axis=(1, 2, 3), keepdims=True)
    shift = generator.uniform(-0.25, 0.25, n).astype(np.float32)[:, None, None, None]
    return np.clip(mean + shift * (1 - factor), 0.1, 0.9) + factor * (stack - mean)


def _gamma_dark(stack, n, generator):
    if generator.random() < 0.3:
        return stack ** generator.uniform(3, 6, n).astype(np.float32)[:, None, None, None] * 0.6
    return MODELS["dark"](stack, log_uniform(0.05, 0.3, n, generator), generator)[0]


# damage: function(stack, n, generator) of float32 stacks (n, OUTER, OUTER, 3) in [0, 1]; the caller clips.
DAMAGED = {
    "noise": _noise,
    "salt_and_pepper": lambda x, n, g: MODELS["salt_and_pepper"](x, log_uniform(0.01, 0.25, n, g), g)[0],
    "hot_pixels": _hot_pixels,
    "gaussian_blur": lambda x, n, g: MODELS["gaussian_blur"](x, log_uniform(1.1, 6, n, g), g)[0],
    "motion_blur": lambda x, n, g: MODELS["motion_blur"](x, log_uniform(5, 30, n, g), g)[0],
    "jpeg": lambda x, n, g: MODELS["jpeg"](x, g.uniform(3, 25, n), g)[0],
    "pixelate": _pixelate,
    "scaled_up": _scaled_up,
    "low_contrast": _low_contrast,
    "dark": _gamma_dark,
    "overexposed": lambda x, n, g: MODELS["overexposed"](x, g.uniform(1.6, 4, n), g)[0],
    "clip_contrast": lambda x, n, g: MODELS["clip_contrast"](x, g.uniform(2, 6, n), g)[0],
    "colour_cast": lambda x, n, g: MODELS["colour_cast"](x, g.uniform(0.25, 0.7, n), g)[0],
    "dead_lines": lambda x, n, g: MODELS["dead_lines"](x, g.uniform(0.005, 0.06, n), g)[0],
    "moire": lambda x, n, g: MODELS["moire"](x, g.uniform(0.06, 0.3, n), g)[0],
}


def _ordinary(picture, generator):
    """What happens to a picture that nobody would call damaged."""
    if generator.random() < 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(generator.uniform(0.2, 0.7)))
    if generator.random() < 0.3:
        picture = picture.filter(
            ImageFilter.UnsharpMask(generator.uniform(0.5, 1.5), int(generator.uniform(30, 150)), 0)
        )
    if generator.random() < 0.4:
        values = np.asarray(picture, dtype=np.float32)
        picture = Image.fromarray(
            np.clip(values + generator.normal(0, generator.uniform(0.5, 3.5), values.shape), 0, 255).astype(np.uint8)
        )
    return _saved(picture, generator, 75) if generator.random() < 0.55 else picture


def _saved(picture, generator, worst):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(generator.uniform(worst, 98)), subsampling=int(generator.choice([0, 2])))
    return Image.open(file)


def _crop(image, generator):
    """A part of a procedural image, or the whole made smaller, turned and mirrored at will."""
    whole = image.shape[0]
    side = OUTER if generator.random() < 0.65 else int(generator.uniform(OUTER, whole))
    top, left = generator.integers(0, whole - side + 1, 2)
    part = np.rot90(image[top : top + side, left : left + side], generator.integers(4))
    picture = Image.fromarray(np.ascontiguousarray(part[:, :: generator.choice([-1, 1])]))
    return picture if side == OUTER else picture.resize((OUTER, OUTER), Resampling.LANCZOS)


def damaged_patches(images, n, generator):
    """Patches (n, PATCH, PATCH, 3) of uint8, and what was done to each: 0 clean, else 1 + its place in DAMAGES."""
    truth = np.where(generator.random(n) < CLEAN_SHARE, 0, generator.integers(1, 1 + len(DAMAGES), n))
    patches = np.empty((n, PATCH, PATCH, 3), dtype=np.uint8)
    for kind in range(1 + len(DAMAGES)):
        mine = np.flatnonzero(truth == kind)
        for rows in np.array_split(mine, max(1, len(mine) // 48)):
            if not len(rows):
                continue
            stack = np.stack(
                [
                    np.asarray(_ordinary(_crop(images[i], generator), generator))
                    for i in generator.integers(len(images), size=len(rows))
                ]
            ).astype(np.float32)
            stack /= 255
            if kind:
                stack = np.clip(DAMAGED[DAMAGES[kind - 1]](stack, len(rows), generator), 0, 1)
            for row, image in zip(rows, np.rint(stack * 255).astype(np.uint8)):
                if generator.random() < 0.3:
                    image = np.asarray(_saved(Image.fromarray(image), generator, 82))
                top, left = generator.integers(0, OUTER - PATCH + 1, 2)
                if generator.random() < 0.75:  # the grid of JPEG is mostly where it was
                    top, left = top // 8 * 8, left // 8 * 8
                patches[row] = image[top : top + PATCH, left : left + PATCH]
    return patches, truth


class Training(BudgetedTraining):
    """The network of patches with its optimiser."""

    def __init__(self, device):
        super().__init__(PatchNetwork, device, seed=5, peak=PEAK, warm_up=50, averaging=0.995, weight_decay=1e-2)

    def step(self, patches, truth, done):
        """One step; ``done`` is how much of the budget is used."""
        self.network.train()
        with torch.autocast(self.device, dtype=torch.bfloat16):
            logits = self.network(patches)
        loss = functional.cross_entropy(logits, truth, label_smoothing=0.01)
        self.descend(loss, done)
        return float(loss.detach())


def train(options, training, path):
    images = leaves(options.images, options.cache, seed=1000)
    for used in budgeted(training, options.minutes, path):
        begun = used()
        generator = np.random.default_rng((9, training.chunks))
        patches, truth = damaged_patches(images, CHUNK, generator)
        patches, truth = torch.from_numpy(patches), torch.from_numpy(truth)
        drawn, losses = used() - begun, []
        for _ in range(PASSES):
            for rows in torch.from_numpy(generator.permutation(CHUNK)).split(BATCH):
                part = patches[rows].to(options.device)
                if generator.random() < 0.5:
                    part = part.flip(2)
                losses.append(training.step(part, truth[rows].to(options.device), used()))
        say(training, options, used(), drawn, f"loss {np.mean(losses[: len(losses) // PASSES]):.3f}")


if __name__ == "__main__":
    make(
        Training,
        train,
        TARGET,
        {"toolkit patches 1": ",".join(DAMAGES)},
        description=__doc__,
        minutes=40.0,
        images=4000,
        cache=OUTPUTS,
    )
