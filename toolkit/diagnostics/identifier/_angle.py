"""How far was an image turned? A network that goes on from one of the ensemble's, on turns alone.

The networks that name kinds learn angles beside everything else, and a digit's own slant passes for a turn with them: 9
degrees off on average. A few rounds of nothing but turns halve that.
"""

import copy

import numpy as np

from toolkit.corruption import corrupt_stack
from toolkit.diagnostics.identifier._injection import turn_any_way
from toolkit.diagnostics.identifier.network import KindModel
from toolkit.nn import fit_loop, limit_threads

__all__ = ["AngleRegressor"]

# Of what is turned, the share that is turned by any angle up to a quarter turn: the rest as ``rotate`` does it.
_ANY_WAY = 0.1
# The peak learning rate grows with the training. It unlearns the names of kinds, which nobody asks of it any more; at a
# third of it one network erred by 7.2, 13.6, 7.2 and 10.8 degrees (digits, letters, clothing, glyphs) where it errs by
# 6.1, 12.2, 6.0 and 10.3, and two of these, averaged, still by more.
_RATE_PER_STEP, _LEAST_RATE, _PEAK_RATE = 3.6e-5, 5e-4, 1.6e-2
# Images planted at a time; bounds memory, since planting works in float32.
_CHUNK = 2048


class AngleRegressor:
    """One network that tells angles."""

    def fit(self, network, images, *, n_images, batch_size, n_rounds, preprocess, generator):
        """Go on from a copy of ``network``: ``n_rounds`` rounds of ``n_images`` turns of ``images``.

        Parameters
        ----------
        network : KindNetwork
        images : ndarray of uint8, of shape (n, height, width[, 3])
            Taken as clean.
        n_images, batch_size, n_rounds : int
        preprocess : callable
            ``preprocess(images)`` is what the networks are shown of images.
        generator : numpy.random.Generator
        """
        n_steps = n_rounds * -(-n_images // batch_size)
        rate = float(np.clip(_RATE_PER_STEP * n_steps, _LEAST_RATE, _PEAK_RATE))
        self.model = KindModel(copy.deepcopy(network), n_steps=n_steps, learning_rate=rate)
        unnamed = np.full(n_images, -1, dtype=np.int64)
        unknown = np.full(n_images, np.nan, dtype=np.float32)
        with limit_threads(1):
            for _ in range(n_rounds):
                repeats = -(-n_images // len(images))
                order = np.concatenate([generator.permutation(len(images)) for _ in range(repeats)])[:n_images]
                turned, angles = self._turn(images[order], generator)
                arrays = (preprocess(turned), unnamed, angles, unknown)
                fit_loop(self.model, arrays, batch_size=batch_size, epochs=1, generator=generator, shuffle=False)
        return self

    def _turn(self, images, generator):
        """Turned images, and their angles in radians."""
        turned, angles = np.empty_like(images), np.empty(len(images), dtype=np.float32)
        for start in range(0, len(images), _CHUNK):
            part = slice(start, start + _CHUNK)
            unit = images[part].astype(np.float32) / 255
            out, parameters = corrupt_stack(unit, "rotate", generator=generator)
            angles[part] = np.deg2rad(parameters["angle"].astype(np.float32))
            rows = np.flatnonzero(generator.random(len(unit)) < _ANY_WAY)
            out[rows], angles[start + rows] = turn_any_way(unit[rows], generator)
            turned[part] = np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8)
        return turned, angles

    def directions(self, images):
        """Cosines and sines of the angles of ``images`` (uint8, as the network is shown them): (n, 2)."""
        with limit_threads(1):
            direction = self.model.predict(images)[1][:, :2]
        return direction / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
