"""The learned restorer: corruptions are planted in clean images, and one network learns to undo them all.

What can be undone in closed form is undone first (an estimated turn is turned back, contrast is stretched), in training
as in use: the network then learns what is left, the error of the estimate and the blur of sampling twice included.

A part of what it is shown is sound, under the name of some kind: it learns to leave such images as they are.
"""

import numpy as np
import torch
from torch.nn import functional

from toolkit._core.images import is_dark_on_light, iter_chunks
from toolkit._core.names import check_names
from toolkit._core.random import as_generator
from toolkit.corruption import KINDS, corrupt_stack
from toolkit.nn import build, fit_loop, limit_threads, torch_generator
from toolkit.restoration._denoiser import Denoiser, DenoiserTrainer
from toolkit.restoration._planting import as_bytes, plan_kinds, plant_and_learn
from toolkit.restoration._pretrained import load_pretrained

__all__ = ["LearnedRestorer", "restore_by_learning"]

_BATCH = 64
_CHUNK = 2048
# Images answered at a time: of 2,048 the layers between outgrow the processor's cache, and take twice as long. Always
# so many, the last ones filled up, and the answer rounded to steps far below a grey level: the last digits depend on
# how rows are batched, and a restored row must not.
_ANSWERED, _STEPS = 64, 4095
# Share of what it learns from that is sound.
_SOUND = 0.25
# Share of held-out sound images that are to be left alone at least.
_LEFT_ALONE = 0.75
# Peak learning rates: of a network that begins from nothing, and of one that must not forget what it knew. And of the
# lessons of the former the share that the latter gets.
_RATE, _RATE_PRETRAINED, _LESSONS_PRETRAINED = 4e-3, 1e-3, 0.4


class LearnedRestorer:
    """One network that undoes several kinds.

    Parameters
    ----------
    kinds : sequence of str
    init : {"random", "grey"}, default="random"
        Whether to begin from nothing, or from what the toolkit ships where that fits the images (``_pretrained``).
    """

    def __init__(self, kinds, *, init="random"):
        self.kinds = tuple(kinds)
        self.init = init
        self.negative = False

    def fit(self, clean, *, shares, n_images, n_rounds, generator, invert=None, n_jobs=1, verbose=False):
        """Learn from ``clean`` images (uint8) by planting ``n_images`` corruptions in each of ``n_rounds`` rounds.

        ``invert(stack, kind) -> stack`` is what is done in closed form before the network sees an image.
        """
        self.shape = clean.shape[1:]
        n_kinds = len(self.kinds)
        with limit_threads(1):
            self.network = build(lambda: Denoiser(self.shape, n_kinds), torch_generator(generator.integers(2**31)))
            is_pretrained = self.init == "grey" and load_pretrained(self.network, self.kinds)
            self.negative = is_pretrained and is_dark_on_light(clean)
            if is_pretrained:
                n_images = max(round(_LESSONS_PRETRAINED * n_images), 2)
            n_steps = n_rounds * -(-n_images // min(_BATCH, n_images))
            rate = _RATE_PRETRAINED if is_pretrained else _RATE
            trainer = DenoiserTrainer(self.network, n_kinds, n_steps, rate=rate, fresh=not is_pretrained)

            def learn(index, arrays):
                title = f"restorer {index + 1}/{n_rounds}"
                fit_loop(
                    trainer,
                    arrays,
                    batch_size=_BATCH,
                    epochs=1,
                    generator=generator,
                    verbose=verbose,
                    desc=title,
                )

            def plant(generator):
                return self._plant(clean, shares, n_images, generator, invert)

            plant_and_learn(plant, learn, n_rounds, generator=generator, n_jobs=n_jobs)
        self.network.eval()
        self.thresholds = dict.fromkeys(self.kinds, 0.0)
        return self

    def calibrate(self, sound):
        """Set the threshold for "damaged" of each kind so that enough of these ``sound`` unit images are left alone."""
        for kind in self.kinds:
            damage = np.concatenate([found for *_, found in self._answers(sound, kind)])
            self.thresholds[kind] = max(0.0, float(np.quantile(damage, _LEFT_ALONE)))
        return self

    def _plant(self, clean, shares, n_images, generator, invert):
        rows, kinds = plan_kinds(len(clean), [shares[kind] for kind in self.kinds], n_images, generator)
        given = clean[rows]
        damaged = generator.random(n_images) >= _SOUND
        for code, kind in enumerate(self.kinds):
            mine = np.flatnonzero((kinds == code) & damaged)
            for part in iter_chunks(len(mine), _CHUNK):
                some = mine[part]
                planted, _ = corrupt_stack(clean[rows[some]] / np.float32(255), kind, generator=generator)
                # The images to be repaired come in 8 bits as a rule, and low contrast leaves few of their steps.
                planted = as_bytes(planted) / np.float32(255)
                given[some] = as_bytes(planted if invert is None else invert(planted, kind))
        wanted = clean[rows]
        if self.negative:
            given, wanted = 255 - given, 255 - wanted
        return _channels_first(given), _channels_first(wanted), kinds, damaged

    def restore(self, stack, kind, sharpness=1.0, *, abstain=True):
        """Restore a unit stack on which the closed form was applied already; ``sharpness`` multiplies the logits.

        An image that the network does not find damaged in that way is left as it is, unless ``abstain`` is False.
        """
        redrawn, damaged = self.redraw(stack, kind, sharpness)
        if not abstain:
            return redrawn
        out = np.array(stack, dtype=np.float32)
        out[damaged] = redrawn[damaged]
        return out

    def redraw(self, stack, kind, sharpness=1.0):
        """Every image of a unit stack restored, damaged or not, and which of them are found damaged in that way."""
        out, damaged = np.empty(stack.shape, dtype=np.float32), np.empty(len(stack), dtype=bool)
        for part, unit, damage in self._answers(stack, kind, sharpness):
            out[part] = np.rint((unit[:, 0] if stack.ndim == 3 else np.moveaxis(unit, 1, -1)) * _STEPS) / _STEPS
            damaged[part] = damage > self.thresholds[kind]
        return out, damaged

    def _answers(self, stack, kind, sharpness=1.0):
        """For each chunk: its rows, the images restored, and the logits of their being damaged."""
        code = torch.tensor(self.kinds.index(kind))
        with limit_threads(1), torch.inference_mode():
            one_hot = functional.one_hot(code, len(self.kinds)).float()
            for part in iter_chunks(len(stack), _ANSWERED):
                unit = np.clip(stack[part], 0, 1).astype(np.float32)
                images = torch.from_numpy(_channels_first(1 - unit if self.negative else unit))
                images = functional.pad(images, (0, 0, 0, 0, 0, 0, 0, _ANSWERED - len(images)))
                outputs = self.network(images, one_hot.expand(len(images), -1))
                logits, gate, damage = (output[: len(unit)] for output in outputs)
                answer = torch.lerp(images[: len(unit)], torch.sigmoid(logits * sharpness), gate).numpy()
                yield part, 1 - answer if self.negative else answer, damage.numpy()


def _channels_first(stack):
    return np.ascontiguousarray(stack[:, None] if stack.ndim == 3 else np.moveaxis(stack, -1, 1))


def restore_by_learning(stack, *, clean=None, kinds=("gaussian_noise",), n_images=60_000, random_state=None):
    """Learn to undo ``kinds`` on ``clean`` images (by default the given ones) and apply that to every image.

    With one kind, the network knows what it undoes; of several, each image takes the answers' mean.
    """
    kinds = check_names(kinds, KINDS, "kind")
    generator = as_generator(random_state)
    clean = as_bytes(stack if clean is None else clean)
    if clean.shape[1:] != stack.shape[1:]:
        raise ValueError(f"clean must hold images of shape {stack.shape[1:]}, got {clean.shape[1:]}.")
    n_rounds = 5
    per_round = max(1, min(n_images // n_rounds, 12 * len(clean)))
    learned = LearnedRestorer(kinds).fit(
        clean, shares=dict.fromkeys(kinds, 1.0), n_images=per_round, n_rounds=n_rounds, generator=generator
    )
    return np.mean([learned.restore(stack, kind) for kind in kinds], axis=0, dtype=np.float32)
