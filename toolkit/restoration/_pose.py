"""How far was it turned, shifted, magnified or slanted: learnt from distortions planted in the set itself."""

import numpy as np
import torch
from torch.nn import functional

from toolkit._core.images import is_dark_on_light, iter_chunks, to_grey
from toolkit.corruption import apply_corruption
from toolkit.nn import build, fit_loop, limit_threads, torch_generator
from toolkit.restoration._planting import as_bytes, plan_kinds, plant_and_learn
from toolkit.restoration._pose_network import PoseNetwork, PoseTrainer
from toolkit.restoration._pretrained import POSE_KINDS, load_pose

__all__ = ["POSE_KINDS", "PoseEstimator"]

_BATCH = 128
_CHUNK = 4096
# Peak learning rates: of a network that begins from nothing, and of one that knows other images. And of the lessons of
# the former the share that the latter gets: it is then off by no more on digits and clothing, by less on letters.
_RATE, _RATE_PRETRAINED, _LESSONS_PRETRAINED = 2e-3, 1e-3, 0.4


class PoseEstimator:
    """Estimates the parameters of a geometric distortion of which the kind is known.

    Parameters
    ----------
    kinds : sequence of str
        Of ``POSE_KINDS``.
    init : {"random", "grey"}, default="random"
        Whether to begin from nothing, or from what the toolkit ships where that fits the images (``_pretrained``).
    """

    def __init__(self, kinds, *, init="random"):
        self.kinds = tuple(kind for kind in POSE_KINDS if kind in kinds)
        self.init = init
        self.negative = False

    def fit(self, clean, *, shares, n_images, n_rounds, generator, n_jobs=1):
        """Learn from ``clean`` images (uint8) by planting ``n_images`` distortions in each of ``n_rounds`` rounds."""
        self.shape = clean.shape[1:3]
        n_kinds = len(self.kinds)
        with limit_threads(1):
            self.network = build(lambda: PoseNetwork(self.shape, n_kinds), torch_generator(generator.integers(2**31)))
            is_pretrained = self.init == "grey" and load_pose(self.network, self.kinds)
            self.negative = is_pretrained and is_dark_on_light(clean)
            if is_pretrained:
                n_images = max(round(_LESSONS_PRETRAINED * n_images), 2)
            per_round = -(-n_images // min(_BATCH, n_images))
            rate = _RATE_PRETRAINED if is_pretrained else _RATE
            trainer = PoseTrainer(self.network, n_kinds, per_round * n_rounds, rate=rate)

            def learn(_, arrays):
                fit_loop(trainer, arrays, batch_size=_BATCH, epochs=1, generator=generator)

            def plant(generator):
                return self._plant(clean, shares, n_images, generator)

            plant_and_learn(plant, learn, n_rounds, generator=generator, n_jobs=n_jobs)
        self.network.eval()
        return self

    def _plant(self, clean, shares, n_images, generator):
        rows, kinds = plan_kinds(len(clean), [shares[kind] for kind in self.kinds], n_images, generator)
        images = np.empty((n_images, *self.shape), dtype=np.uint8)
        targets = np.full((n_images, PoseNetwork.n_outputs), np.nan, dtype=np.float32)
        for code, kind in enumerate(self.kinds):
            mine = np.flatnonzero(kinds == code)
            planted, parameters = apply_corruption(clean[rows[mine]] / np.float32(255), kind, generator=generator)
            images[mine] = as_bytes(to_grey(planted))
            targets[mine] = self._targets(kind, parameters)
        return 255 - images if self.negative else images, kinds, targets

    def _targets(self, kind, parameters):
        targets = np.full((len(parameters), PoseNetwork.n_outputs), np.nan, dtype=np.float32)
        if kind == "rotate":
            radians = np.deg2rad(parameters["angle"])
            targets[:, 0], targets[:, 1] = np.cos(radians), np.sin(radians)
        elif kind == "translate":
            targets[:, 2] = parameters["dx"] / (self.shape[1] / 4)
            targets[:, 3] = parameters["dy"] / (self.shape[0] / 4)
        elif kind == "scale":
            targets[:, 4] = np.log(parameters["factor"])
        else:
            targets[:, 5] = parameters["slant"]
        return targets

    def estimate(self, stack, kind):
        """Parameters of the distortion of each image of a unit stack, as keywords of the geometric restorers."""
        answers = np.empty((len(stack), PoseNetwork.n_outputs), dtype=np.float64)
        code = torch.tensor(self.kinds.index(kind))
        with limit_threads(1), torch.inference_mode():
            one_hot = functional.one_hot(code, len(self.kinds)).float()
            for part in iter_chunks(len(stack), _CHUNK):
                images = np.ascontiguousarray(to_grey(stack[part]), dtype=np.float32)
                images = 1 - images if self.negative else images
                answers[part] = self.network(torch.from_numpy(images), one_hot.expand(len(images), -1)).numpy()
        if kind == "rotate":
            return {"angle": np.rad2deg(np.arctan2(answers[:, 1], answers[:, 0]))}
        if kind == "translate":
            return {"dx": answers[:, 2] * self.shape[1] / 4, "dy": answers[:, 3] * self.shape[0] / 4}
        if kind == "scale":
            return {"factor": np.exp(np.clip(answers[:, 4], -1.2, 1.2))}
        return {"slant": np.clip(answers[:, 5], -2.0, 2.0)}
