"""Candidate repairs of each kind, and what they are worth on this very set.

Nobody knows beforehand whether stretching or learning undoes low contrast better in the set at hand. So every
candidate is tried on corruptions planted in held-out trusted images, and the candidates of a kind are ranked by their
gain there: a label-free choice.
"""

from functools import partial

import numpy as np
import pandas as pd

from toolkit._core.geometry import wrap_angle
from toolkit._core.jobs import run_steps
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.corruption import corrupt_stack
from toolkit.restoration import _intensity
from toolkit.restoration._intensity import tone_curve
from toolkit.restoration._learned import LearnedRestorer
from toolkit.restoration._planting import as_bytes
from toolkit.restoration._pose import POSE_KINDS, PoseEstimator
from toolkit.restoration._quality import psnr
from toolkit.restoration._restorers import RESTORERS

__all__ = ["CANDIDATES", "TONES", "RepairCandidates"]

# kind: restorers that may undo it. "a+learned" is the closed form, and then the network on what is left.
CANDIDATES = {
    "gaussian_noise": ("learned", "tv"),
    "shot_noise": ("learned", "tv"),
    "speckle_noise": ("learned", "tv"),
    "salt_and_pepper": ("learned", "inpaint_biharmonic", "median"),
    "gaussian_blur": ("learned", "richardson_lucy"),
    "motion_blur": ("learned",),
    "rotate": ("derotate+learned", "derotate"),
    "rotate_90": ("unrotate_90",),
    "rotate_180": ("unrotate_180",),
    "rotate_270": ("unrotate_270",),
    "flip_horizontal": ("unflip_horizontal",),
    "flip_vertical": ("unflip_vertical",),
    "transpose": ("untranspose",),
    "invert": ("uninvert",),
    "occlude": ("learned",),
    "stripe": ("learned",),
    "low_contrast": ("stretch_contrast+learned", "stretch_contrast"),
    "brightness": ("level_brightness+learned", "level_brightness", "stretch_contrast"),
    "translate": ("recentre+learned", "recentre"),
    "scale": ("rescale+learned", "rescale"),
    "shear": ("unshear+learned", "unshear"),
    "pixelate": ("learned",),
}

# Held-out trusted images at most, and those of them that candidates are ranked by.
_N_HELD_OUT, _N_RANKED = 300, 120
# Repairs of planted images whose clean probability the identifier predicts, to calibrate what it has to be.
_N_CALIBRATED = 80
# The least median gain in dB that counts as undoing, and the share of images that may end further off than they came.
_WORTHWHILE, _WORSENED = 1.0, 0.1
# A learned step is used if it leaves sound images as they are: median PSNR in dB of what it makes of them.
_LEAVES_SOUND = 35.0
# What is undone by a map of grey levels, and by nothing else.
TONES = ("low_contrast", "brightness")
# How sharp a learned answer is made, in the order of trying. As it comes it has the least error, but where the network
# is uncertain it is blurred, which is itself a corruption: an image that is not predicted clean is tried again,
# sharper.
_SHARPNESS = (1.0, 1.5, 2.0, 3.0)
_RANKING = ["kind", "restorer", "gain", "gain_low", "gain_high", "improved", "worsened", "sound_psnr", "place"]
# Weights of the second estimate of the angle that are tried.
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def _blend(own, second, weight):
    """Mean of two angles on the circle; where there is no second one, the first."""
    radians = np.deg2rad(np.stack([own, np.where(np.isfinite(second), second, own)]))
    x = (1 - weight) * np.cos(radians[0]) + weight * np.cos(radians[1])
    y = (1 - weight) * np.sin(radians[0]) + weight * np.sin(radians[1])
    return np.rad2deg(np.arctan2(y, x))


def _median_interval(values, z=1.96):
    """95 % interval of the median, by order statistics."""
    half = z / (2 * np.sqrt(max(len(values), 1)))
    return np.quantile(values, [max(0.5 - half, 0.0), min(0.5 + half, 1.0)]).tolist()


def _candidates_of(kind, learning):
    """Restorers that may undo a kind; without learning the exact ones and maps of grey levels, which take no time."""
    if learning:
        return CANDIDATES[kind]
    return tuple(
        name
        for name in CANDIDATES[kind]
        if "learned" not in name and (kind in (*TONES, "invert") or (name in RESTORERS and RESTORERS[name].exact))
    )


class RepairCandidates:
    """Restorers fitted to this set: its grey levels, its poses, its learned restorer.

    Parameters
    ----------
    kinds : sequence of str
        Kinds to be able to undo.
    learnt : sequence of str, optional
        Those of them that networks may learn to undo, all by default; of the others what has a closed form is undone,
        and nothing else.
    init : {"random", "grey"}, default="random"
        What the networks of poses and of learned repairs begin from.
    """

    def __init__(self, kinds, *, learnt=None, init="random"):
        self.init = init
        self.learnt = tuple(kinds if learnt is None else learnt)
        self.names = {kind: _candidates_of(kind, kind in self.learnt) for kind in CANDIDATES if kind in kinds}
        self.kinds = tuple(kind for kind, names in self.names.items() if names)
        self.learned_kinds = tuple(k for k in self.kinds if any("learned" in name for name in self.names[k]))

    def fit(self, clean, *, shares, n_images, n_rounds, generator, angles=None, n_jobs=1, verbose=False):
        """Learn from ``clean`` (uint8).

        ``shares`` are the kinds' shares of the training set, those of kinds that are not learnt included: each is
        planted as often as it would be beside all others. ``angles(unit_stack)`` is a second estimate, the
        identifier's, of how far images were turned. Kinds are ranked ``n_jobs`` at a time.
        """
        n_held_out = min(_N_HELD_OUT, len(clean) // 4)
        order = generator.permutation(len(clean))
        held_out, training = clean[order[:n_held_out]] if n_held_out else clean, clean[order[n_held_out:]]
        self.held_out, self.training = held_out, training
        unit = training / np.float32(255)
        _, _, self.low, self.high = _intensity.image_levels(unit)

        def plan(kinds, among, n_images):
            share = sum(shares[kind] for kind in kinds) / sum(shares[kind] for kind in among)
            n_planted = max(round(share * n_images), 2)
            rounds = {"n_images": n_planted, "n_rounds": n_rounds, "n_jobs": n_jobs}
            return {"shares": shares, "generator": generator, **rounds}

        self.pose = self.learned = None
        poses = [kind for kind in POSE_KINDS if kind in self.learnt]
        if poses:
            self.pose = PoseEstimator(poses, init=self.init).fit(
                training, **plan(poses, [kind for kind in POSE_KINDS if kind in shares], 2 * n_images)
            )
        if self.learned_kinds:
            self.learned = LearnedRestorer(self.learned_kinds, init=self.init)
            among = [kind for kind in shares if any("learned" in name for name in CANDIDATES[kind])]
            planned = plan(self.learned_kinds, among, n_images)
            self.learned.fit(training, invert=self.invert, verbose=verbose, **planned)
            self.learned.calibrate(held_out / np.float32(255))
        self.angle_weight = 0.0
        if angles is not None and "rotate" in poses:
            self.angle_weight = self._weigh_angles(held_out, angles, generator)
        self.ranking = self._rank(held_out[:_N_RANKED], angles, generator, n_jobs)
        self.order = {}
        helps = (self.ranking["gain"] >= _WORTHWHILE) & (self.ranking["worsened"] <= _WORSENED)
        worthwhile = self.ranking[helps & ~(self.ranking["sound_psnr"] < _LEAVES_SOUND)]
        self.order = {kind: tuple(group["restorer"]) for kind, group in worthwhile.groupby("kind", sort=False)}
        return self

    def estimate_angle(self, stack, second=None):
        """How far each image was turned, in degrees: the pose network's estimate, and a second one where it helps."""
        own = self.pose.estimate(stack, "rotate")["angle"]
        return own if second is None else _blend(own, second, self.angle_weight)

    def _weigh_angles(self, held_out, angles, generator):
        """The weight of the second estimate at which the error on planted turns is least."""
        planted, truth = corrupt_stack(held_out / np.float32(255), "rotate", generator=generator)
        planted = as_bytes(planted) / np.float32(255)
        own, second = self.pose.estimate(planted, "rotate")["angle"], angles(planted)
        truth = truth["angle"]
        errors = [np.abs(wrap_angle(_blend(own, second, weight) - truth)).mean() for weight in _WEIGHTS]
        return _WEIGHTS[int(np.argmin(errors))]

    def invert(self, stack, kind, angle=None, like=None):
        """The closed form for one kind on a unit stack, with parameters estimated on this set.

        How an image was moved is estimated from ``like``, a stack of as many images, where there is one.
        """
        like = stack if like is None else like
        if kind == "low_contrast":
            return _intensity.stretch_contrast(stack, low=self.low, high=self.high)
        if kind == "brightness":
            return _intensity.level_brightness(stack, low=self.low, high=self.high)
        if kind in POSE_KINDS:
            name = CANDIDATES[kind][-1]
            if kind == "rotate" and angle is not None:
                return RESTORERS[name].function(stack, angle=self.estimate_angle(like, angle))
            return RESTORERS[name].function(stack, **self.pose.estimate(like, kind))
        return stack

    def candidates(self, kind):
        """Restorers of a kind in the order to try them, each with its sharpness."""
        for name in self.order[kind]:
            for sharpness in _SHARPNESS if name.endswith("learned") else (1.0,):
                yield name, sharpness

    def gains(self, kind):
        """Median gain in dB of each candidate of a kind on what was planted."""
        mine = self.ranking[self.ranking["kind"] == kind]
        return dict(zip(mine["restorer"], mine["gain"]))

    def plant_held_out(self, kinds, generator):
        """Each kind planted in held-out images: pairs of kind and unit stack."""
        for kind in kinds:
            planted, _ = corrupt_stack(self.held_out[:_N_RANKED] / np.float32(255), kind, generator=generator)
            yield kind, as_bytes(planted) / np.float32(255)

    def repair(self, name, stack, kind, angle=None, sharpness=1.0, *, abstain=True, like=None):
        """Apply one candidate of a kind to a unit stack; ``angle`` is the second estimate for turned images.

        The learned restorer leaves images alone that it finds sound, unless ``abstain`` is False; ``like`` is as in
        :meth:`invert`.
        """
        if name.endswith("learned"):
            learned = self.learned.restore(self.invert(stack, kind, angle, like), kind, sharpness, abstain=abstain)
            return tone_curve(stack, learned) if kind in TONES else learned
        if name == "stretch_contrast":
            return _intensity.stretch_contrast(stack, low=self.low, high=self.high)
        if kind in POSE_KINDS or kind == "brightness":
            return self.invert(stack, kind, angle, like)
        return RESTORERS[name].function(stack)

    def repair_both(self, stack, kind, angle=None, *, like=None):
        """What :meth:`repair` makes of a unit stack by the network, without abstaining and with it: asked once."""
        came = self.invert(stack, kind, angle, like)
        forced, damaged = self.learned.redraw(came, kind)
        spared = np.array(came, dtype=np.float32)
        if kind in TONES:
            forced = tone_curve(stack, forced)
            spared[~damaged] = tone_curve(stack[~damaged], spared[~damaged])
        spared[damaged] = forced[damaged]
        return forced, spared

    def _rank(self, held_out, angles, generator, n_jobs):
        """Median PSNR gain of each candidate on corruptions planted in ``held_out``, best first within a kind."""
        tasks = [
            partial(self._tried, kind, held_out, angles, seed) for kind, seed in self.seeded(self.kinds, generator)
        ]
        rows = [row for rows in run_steps(*tasks, n_jobs=n_jobs) for row in rows]
        frame = pd.DataFrame(rows, columns=_RANKING)
        frame["group"] = frame["kind"].map({kind: code for code, kind in enumerate(self.kinds)})
        frame = frame.sort_values(["group", "gain", "place"], ascending=[True, False, True], ignore_index=True)
        return frame.drop(columns=["group", "place"])

    @staticmethod
    def seeded(kinds, generator):
        """Pairs of kind and seed: what is drawn for a kind does not depend on when its turn comes."""
        return list(zip(kinds, spawn_seeds(generator, len(kinds))))

    def _tried(self, kind, held_out, angles, seed):
        """A row of the ranking for each candidate of a kind."""
        rows, sound = [], held_out / np.float32(255)
        planted, _ = corrupt_stack(sound, kind, generator=as_generator(seed))
        planted = as_bytes(planted)
        unit = planted / np.float32(255)
        angle = angles(unit) if kind == "rotate" and angles is not None else None
        before = psnr(planted, held_out)
        for place, name in enumerate(self.names[kind]):
            gain = psnr(as_bytes(self.repair(name, unit, kind, angle)), held_out) - before
            rows.append(
                {
                    "kind": kind,
                    "restorer": name,
                    "gain": float(np.median(gain)),
                    **dict(zip(("gain_low", "gain_high"), _median_interval(gain))),
                    "improved": float((gain > 0).mean()),
                    "worsened": float((gain < -1).mean()),
                    "sound_psnr": self._left_alone(sound, held_out, kind) if "learned" in name else np.nan,
                    "place": place,
                }
            )
        return rows

    def _left_alone(self, unit, held_out, kind):
        """Median PSNR between sound images and what the learned step makes of them, said to be of that kind."""
        left = self.learned.restore(unit, kind)
        return float(np.median(psnr(as_bytes(tone_curve(unit, left) if kind in TONES else left), held_out)))

    def evaluate(self, kind, name, evidence, angles, generator, known=None):
        """Evidence features of one repair of a kind, on held-out images, of which some may be ``known``.

        Returns
        -------
        planted, sound : ndarray of shape (n, 6)
            On images in which the kind was planted and that changed, and on sound images.
        would_change : ndarray of bool of shape (n_sound,)
            Sound images that would change.
        repaired : ndarray of float32, of shape (n, height, width[, 3])
            Some of the planted images, repaired.
        """
        held_out = self.held_out
        sound = held_out / np.float32(255)
        planted, _ = corrupt_stack(sound, kind, generator=generator)
        planted = as_bytes(planted)
        features, results, like = [], [], planted / np.float32(255)
        angle = angles(like) if kind == "rotate" and angles is not None else None
        for given in (planted, held_out):
            unit = given / np.float32(255)
            # A sound image predicted as this kind would be moved by some amount: by that of a planted one. The learned
            # restorer does not abstain here, so that the evidence is measured without it.
            if "learned" in name:
                repaired, done = (as_bytes(images) for images in self.repair_both(unit, kind, angle, like=like))
            else:
                repaired = done = as_bytes(self.repair(name, unit, kind, angle, like=like))
            features.append(evidence.features(given, repaired, known))
            changed = (done != given).reshape(len(given), -1).any(axis=1)
            results.append(done)
        return features[0], features[1], changed, results[0][:_N_CALIBRATED] / np.float32(255)
