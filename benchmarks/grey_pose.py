"""Make what the network of poses begins from: it has estimated turns, shifts, sizes and slants of drawn images.

The images of ``grey_restorer.py``, of 28 x 28 pixels. The weights go to ``restoration/pose.safetensors``, in 8 bits.
About five minutes on one core that computes with bfloat16. What is reached is written every ten rounds.

    python benchmarks/grey_pose.py --again                   makes the shipped one anew
    python benchmarks/grey_pose.py --rounds 2 --out FILE     makes a poor one in half a minute, to try
"""

import os
import time

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402 (after the number of threads)
from grey_restorer import read_options, training_images  # noqa: E402

from toolkit.nn import build, fit_loop, limit_threads, torch_generator  # noqa: E402
from toolkit.restoration._pose import POSE_KINDS, PoseEstimator  # noqa: E402
from toolkit.restoration._pose_network import PoseNetwork, PoseTrainer  # noqa: E402
from toolkit.restoration._pretrained import POSE_SHIPPED, save_pose  # noqa: E402

PER_ROUND, BATCH, SEED = 40_000, 128, 79


def main():
    options = read_options(__doc__, rounds=80, per_round=PER_ROUND, out=POSE_SHIPPED)
    start, images = time.process_time(), training_images()
    generator = np.random.default_rng(SEED)
    estimator, shares = PoseEstimator(POSE_KINDS), dict.fromkeys(POSE_KINDS, 1.0)
    estimator.shape = images.shape[1:]
    with limit_threads(1):
        network = build(lambda: PoseNetwork(estimator.shape, len(POSE_KINDS)), torch_generator(SEED))
        trainer = PoseTrainer(network, len(POSE_KINDS), options.rounds * -(-PER_ROUND // BATCH))
        for done in range(1, options.rounds + 1):
            arrays = estimator._plant(images, shares, PER_ROUND, generator)
            losses = fit_loop(trainer, arrays, batch_size=BATCH, epochs=1, generator=generator)
            if done % 10 == 0 or done == options.rounds:
                save_pose(network, options.out)
                said = f"{done} of {options.rounds} rounds, {time.process_time() - start:.0f} CPU seconds: {losses}"
                print(said[:300], flush=True)


if __name__ == "__main__":
    main()
