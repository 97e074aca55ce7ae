"""Make the network that takes noise, blocks of JPEG and blur out of photographs, without a photograph.

It learns from procedural images (``dead_leaves.py``) that were spoilt to every degree: white noise, noise of light,
noise alike in all channels, some of it compressed afterwards; JPEG of qualities from 5 to 60 with its grid anywhere;
Gaussian blur with the little noise, rounding or compression that pictures have after it. Some come as they are, so that
what is sound is left alone. A budget of processor time sets the length; what is there is gone on from, so that it may
be stopped at any moment.

    python benchmarks/leaves_restorer.py --minutes 34             of one core
    python benchmarks/leaves_restorer.py --minutes 55 --further   goes on from what is shipped, mostly with blocks
    python benchmarks/leaves_restorer.py --minutes 10 --device cuda
    python benchmarks/leaves_restorer.py --export-only            writes the weights of what has been reached
"""

import io
import time
from pathlib import Path

import numpy as np
import torch
from leaves_prior import log_uniform
from leaves_training import BudgetedTraining, budgeted, leaves, make, say
from PIL import Image, ImageFilter
from scipy import ndimage
from torch.nn import functional

from toolkit import restoration
from toolkit.restoration._photograph_network import BLOCK, TAUGHT, PhotographNetwork

TARGET = Path(restoration.__file__).parent / "photographs.safetensors"
OUTPUTS = Path(__file__).parent.parent / "outputs" / "leaves_restorer"
OUTER, PATCH = 96, 64  # pixels of what is spoilt, and of what of it is shown
CHUNK, PASSES, BATCH = 3072, 2, 32
SHARES = {"noisy": 0.2, "jpeg_blocks": 0.5, "blurred": 0.3}  # of the lessons: blocks take the longest to learn
FURTHER_SHARES = {"noisy": 0.12, "jpeg_blocks": 0.73, "blurred": 0.15}  # of those of a training that goes on
SOUND_SHARE = 0.12
PEAK, FURTHER_PEAK = 2e-3, 1.2e-3
EXACT = 1e-6  # of squared error below which an answer counts as exact


def _crop(image, generator):
    """A part of a procedural image, or more of it made smaller, turned, mirrored, and sharpened at will."""
    whole = image.shape[0]
    side = OUTER if generator.random() < 0.6 else int(generator.uniform(OUTER, whole))
    top, left = generator.integers(0, whole - side + 1, 2)
    part = np.rot90(image[top : top + side, left : left + side], generator.integers(4))
    picture = Image.fromarray(np.ascontiguousarray(part[:, :: generator.choice([-1, 1])]))
    if side != OUTER:
        picture = picture.resize((OUTER, OUTER), Image.Resampling.LANCZOS)
    if generator.random() < 0.3:
        sharper = ImageFilter.UnsharpMask(generator.uniform(0.5, 1.5), int(generator.uniform(30, 120)), 0)
        picture = picture.filter(sharper)
    return picture


def _bytes(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _saved(values, quality, subsampling):
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG", quality=int(quality), subsampling=int(subsampling))
    return np.asarray(Image.open(file))


def _well_saved(values, generator):
    """As a camera or an editor saves a picture: compressed, hardly to be seen."""
    return _saved(values, generator.uniform(80, 98), generator.choice([0, 2]))


def noisy(picture, generator):
    values, sort = np.asarray(picture, dtype=np.float32), generator.integers(4)
    sigma = float(log_uniform(4, 75, 1, generator)[0])
    if sort == 0:
        peak = log_uniform(10, 500, 1, generator)[0]
        out = generator.poisson(values / 255 * peak) * (255 / peak)
    elif sort == 1:
        out = values + sigma * generator.standard_normal((*values.shape[:2], 1))
    else:
        out = values + sigma * generator.standard_normal(values.shape)
    out = _bytes(out)
    return _well_saved(out, generator) if generator.random() < 0.2 else out


def blocky(picture, generator):
    quality = generator.uniform(5, 30) if generator.random() < 0.7 else generator.uniform(30, 60)
    return _saved(np.asarray(picture), quality, 2 if generator.random() < 0.75 else generator.integers(0, 2))


def blurred(picture, generator):
    sigma = float(log_uniform(0.6, 4, 1, generator)[0])
    if generator.random() < 0.3:
        out = np.asarray(picture.filter(ImageFilter.GaussianBlur(sigma)), dtype=np.float32)
    else:
        out = ndimage.gaussian_filter(np.asarray(picture, dtype=np.float32), (sigma, sigma, 0), mode="nearest")
    if generator.random() < 0.4:
        out = out + generator.normal(0, generator.uniform(0.2, 3), out.shape)
    out = _bytes(out)
    return _well_saved(out, generator) if generator.random() < 0.25 else out


SPOIL = {"noisy": noisy, "jpeg_blocks": blocky, "blurred": blurred}


def spoilt_patches(images, n, generator, shares=SHARES):
    """Spoilt patches, the sound ones, the place in TAUGHT of what is asked for, and where blocks begin.

    Patches are (n, PATCH, PATCH, 3) of uint8; first row and column of a block (n, 2) are NaN where that is not told.
    """
    fault = generator.choice(len(TAUGHT), n, p=[shares[name] for name in TAUGHT])
    given, wanted = (np.empty((n, PATCH, PATCH, 3), dtype=np.uint8) for _ in range(2))
    grids = np.full((n, 2), np.nan, dtype=np.float32)
    for row in range(n):
        picture = _crop(images[generator.integers(len(images))], generator)
        sound = np.asarray(picture)
        if generator.random() < SOUND_SHARE:
            if generator.random() < 0.5:
                sound = _well_saved(sound, generator)
            spoilt = sound
        else:
            spoilt = SPOIL[TAUGHT[fault[row]]](picture, generator)
        top, left = generator.integers(0, OUTER - PATCH + 1, 2)
        if fault[row] == TAUGHT.index("jpeg_blocks"):
            if generator.random() < 0.6:  # the grid is mostly where it was
                top, left = top // BLOCK * BLOCK, left // BLOCK * BLOCK
            if generator.random() < 0.9:
                grids[row] = -top % BLOCK, -left % BLOCK
        given[row] = spoilt[top : top + PATCH, left : left + PATCH]
        wanted[row] = sound[top : top + PATCH, left : left + PATCH]
    return given, wanted, fault, grids


class Training(BudgetedTraining):
    """The network of photographs with its optimiser."""

    def __init__(self, device):
        lengths = {"warm_up": 200, "averaging": 0.998, "longest": 1.0}
        super().__init__(PhotographNetwork, device, seed=7, peak=PEAK, betas=(0.9, 0.99), weight_decay=1e-4, **lengths)

    def step(self, given, wanted, faults, grids, done):
        """One step; ``done`` is how much of the budget is used. Returns the error of each patch, in levels of 255."""
        with torch.autocast(self.device, dtype=torch.bfloat16):
            answer = self.network(given, faults, grids)
        # Roots of the patches' squared errors: the grossly spoilt do not outvote the slightly spoilt.
        error = ((answer - wanted).square().mean((1, 2, 3)) + EXACT).sqrt()
        self.descend(error.mean(), done)
        return 255 * error.detach()


def train(options, training, path):
    images = leaves(options.images, options.cache, seed=5000)
    shares = FURTHER_SHARES if options.further else SHARES
    training.peak = FURTHER_PEAK if options.further else PEAK
    for used in budgeted(training, options.minutes, path, clock=time.process_time):
        begun = used()
        generator = np.random.default_rng((11, training.chunks))
        chunk = [torch.from_numpy(values) for values in spoilt_patches(images, CHUNK, generator, shares)]
        drawn, errors = used() - begun, torch.zeros(2, len(TAUGHT))
        for again in range(PASSES):
            for rows in torch.from_numpy(generator.permutation(CHUNK)).split(BATCH):
                given, wanted, fault, grids = (values[rows].to(options.device) for values in chunk)
                given, wanted = (values.permute(0, 3, 1, 2).float() / 255 for values in (given, wanted))
                if again:
                    given, wanted, grids = given.transpose(2, 3), wanted.transpose(2, 3), grids.flip(1)
                told = functional.one_hot(fault, len(TAUGHT)).float()
                errors[0] += (told * training.step(given, wanted, told, grids, used())[:, None]).sum(0).cpu()
                errors[1] += told.sum(0).cpu()
        reached = ", ".join(f"{name} {value:.2f}" for name, value in zip(TAUGHT, errors[0] / errors[1]))
        say(training, options, used(), drawn, f"{reached} levels off")


if __name__ == "__main__":
    make(
        Training,
        train,
        TARGET,
        {"toolkit photographs 1": ",".join(TAUGHT)},
        description=__doc__,
        minutes=30.0,
        images=2000,
        cache=OUTPUTS,
    )
