"""Make what the learned restorer begins from: a network that has undone corruptions of images that nobody photographed.

Rendered glyphs in the sans-serif, mono-spaced and italic fonts, and procedural images (``procedural_images.py``), of
28 x 28 pixels; the serif fonts stay out, since figures are reported on them. What is undone in closed form is undone
first, by a pose network that learnt on the same images. The weights go to ``restoration/grey.safetensors``, in 16 bits.
About 40 minutes on one core that computes with bfloat16. What is reached is written every ten rounds.

    python benchmarks/grey_restorer.py --again                    makes the shipped one anew
    python benchmarks/grey_restorer.py --rounds 4 --out FILE      makes a poor one in two minutes, to try
"""

import argparse
import os
import time
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402 (after the number of threads)
from glyph_prior import FONTS, SORTS  # noqa: E402
from procedural_images import procedural_images  # noqa: E402

from toolkit.datasets import load_glyphs  # noqa: E402
from toolkit.nn import build, fit_loop, limit_threads, torch_generator  # noqa: E402
from toolkit.restoration._denoiser import Denoiser, DenoiserTrainer  # noqa: E402
from toolkit.restoration._intensity import image_levels  # noqa: E402
from toolkit.restoration._learned import LearnedRestorer  # noqa: E402
from toolkit.restoration._pose import POSE_KINDS, PoseEstimator  # noqa: E402
from toolkit.restoration._pretrained import PRETRAINED_KINDS, SHIPPED, save_weights  # noqa: E402
from toolkit.restoration._repair_candidates import RepairCandidates  # noqa: E402

N_GLYPHS, N_PROCEDURAL, SEED = 60_000, 40_000, 78
PER_ROUND, BATCH, RATE = 20_000, 64, 3e-3
POSE_ROUNDS, POSE_IMAGES = 5, 40_000


def training_images():
    """Everything that is planted in, of 28 x 28 pixels, light on dark."""
    glyphs = load_glyphs(N_GLYPHS, fonts=list(FONTS), random_state=SEED).images
    return np.concatenate([glyphs, procedural_images(N_PROCEDURAL, seed=SEED, sorts=SORTS)])


def closed_form(images, generator):
    """What undoes in closed form: a pose network and grey levels, learnt on the images, as ``invert(stack, kind)``."""
    candidates = RepairCandidates(())
    some = images[generator.permutation(len(images))[:POSE_IMAGES]]
    candidates.pose = PoseEstimator(POSE_KINDS).fit(
        some,
        shares=dict.fromkeys(POSE_KINDS, 1.0),
        n_images=POSE_IMAGES,
        n_rounds=POSE_ROUNDS,
        generator=generator,
    )
    _, _, candidates.low, candidates.high = image_levels(some / np.float32(255))
    return candidates.invert


def read_options(about, *, rounds, per_round, out):
    """What a maker of weights is asked for; what it made before is not written over unasked."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"of {per_round:,} planted images")
    parser.add_argument("--out", type=Path, default=out, help="where the weights go")
    parser.add_argument("--again", action="store_true", help="write over what is there")
    options = parser.parse_args()
    if options.out.exists() and not options.again:
        parser.error(f"{options.out.name} is there: --again makes it anew, --out names another place.")
    return options


def main():
    options = read_options(__doc__, rounds=150, per_round=PER_ROUND, out=SHIPPED)
    start, images = time.process_time(), training_images()
    generator = np.random.default_rng(SEED)
    print(f"{len(images):,} images drawn in {time.process_time() - start:.0f} CPU seconds", flush=True)
    invert = closed_form(images, generator)
    learned = LearnedRestorer(PRETRAINED_KINDS)
    shares = dict.fromkeys(PRETRAINED_KINDS, 1.0)
    with limit_threads(1):
        network = build(lambda: Denoiser(images.shape[1:], len(PRETRAINED_KINDS)), torch_generator(SEED))
        trainer = DenoiserTrainer(network, len(PRETRAINED_KINDS), options.rounds * -(-PER_ROUND // BATCH), rate=RATE)
        for done in range(1, options.rounds + 1):
            arrays = learned._plant(images, shares, PER_ROUND, generator, invert)
            losses = fit_loop(trainer, arrays, batch_size=BATCH, epochs=1, generator=generator)
            if done % 10 == 0 or done == options.rounds:
                save_weights(network, options.out)
                said = f"{done} of {options.rounds} rounds, {time.process_time() - start:.0f} CPU seconds: {losses}"
                print(said[:300], flush=True)


if __name__ == "__main__":
    main()
