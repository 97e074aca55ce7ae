"""Everything the image restorer can do to an image of a named kind, and what it is worth on this very set.

Nobody knows beforehand whether stretching or learning undoes low contrast better in the set at hand. So every
candidate is tried on corruptions planted in trusted images that were not learned from, and the candidates of a kind are
ranked by what they gained there: a label-free choice, like everything here.
"""

import numpy as np
import pandas as pd

from toolkit._core.geometry import wrap_angle
from toolkit.corruption import apply_corruption
from toolkit.restoration import _intensity
from toolkit.restoration._learned import LearnedRestorer
from toolkit.restoration._planting import as_bytes
from toolkit.restoration._pose import POSE_KINDS, PoseEstimator
from toolkit.restoration._quality import psnr
from toolkit.restoration._restorers import RESTORERS

__all__ = ["CANDIDATES", "Toolbox"]

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

# Trusted images put aside to rank the candidates on, at most, and the least median gain in dB that counts as undoing.
_N_TRIALS = 120
_WORTHWHILE = 1.0
# How sharp a learned answer is made, in the order of trying. As it comes it has the least error, but where the network
# is in doubt it is soft, and softness is itself a fault: an image that is not found clean is tried again, sharper.
_SHARPNESS = (1.0, 1.5, 2.0, 3.0)
# Weights of a second opinion on the angle that are tried.
_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def _blend(own, second, weight):
    """Mean of two angles on the circle; where there is no second one, the first."""
    radians = np.deg2rad(np.stack([own, np.where(np.isfinite(second), second, own)]))
    x = (1 - weight) * np.cos(radians[0]) + weight * np.cos(radians[1])
    y = (1 - weight) * np.sin(radians[0]) + weight * np.sin(radians[1])
    return np.rad2deg(np.arctan2(y, x))


class Toolbox:
    """Restorers that know this set: its grey levels, its poses, its learned restorer.

    Parameters
    ----------
    kinds : sequence of str
        Kinds to be able to undo.
    """

    def __init__(self, kinds):
        self.kinds = tuple(kind for kind in CANDIDATES if kind in kinds)
        self.learned_kinds = tuple(k for k in self.kinds if any("learned" in name for name in CANDIDATES[k]))

    def fit(self, clean, *, shares, n_images, n_rounds, generator, angles=None, verbose=False):
        """Learn from ``clean`` (uint8).

        ``shares`` says how much attention each kind gets; ``angles(unit_stack)`` is a second opinion, the identifier's,
        on how far images were turned.
        """
        aside = min(_N_TRIALS, len(clean) // 5)
        order = generator.permutation(len(clean))
        trials, lessons = clean[order[:aside]] if aside else clean, clean[order[aside:]]
        self.trials = trials
        unit = lessons / np.float32(255)
        _, _, self.low, self.high = _intensity.image_levels(unit)
        plan = {"shares": shares, "n_rounds": n_rounds, "generator": generator}
        self.pose = self.learned = None
        poses = [kind for kind in POSE_KINDS if kind in self.kinds]
        if poses:
            self.pose = PoseEstimator(poses).fit(lessons, n_images=2 * n_images, **plan)
        if self.learned_kinds:
            self.learned = LearnedRestorer(self.learned_kinds, self.first)
            self.learned.fit(lessons, n_images=n_images, verbose=verbose, **plan)
        self.angle_weight = 0.0
        if angles is not None and "rotate" in poses:
            self.angle_weight = self._weigh_angles(trials, angles, generator)
        self.ranking = self._rank(trials, angles, generator)
        worthwhile = self.ranking[self.ranking["gain"] >= _WORTHWHILE]
        self.order = {kind: tuple(group["restorer"]) for kind, group in worthwhile.groupby("kind", sort=False)}
        return self

    def estimate_angle(self, stack, second=None):
        """How far each image was turned, in degrees: the pose network's opinion, and a second one where it helps."""
        own = self.pose.estimate(stack, "rotate")["angle"]
        return own if second is None else _blend(own, second, self.angle_weight)

    def _weigh_angles(self, trials, angles, generator):
        """The weight of the second opinion at which planted turns are met best."""
        planted, truth = apply_corruption(trials / np.float32(255), "rotate", generator=generator)
        planted = as_bytes(planted) / np.float32(255)
        own, second = self.pose.estimate(planted, "rotate")["angle"], angles(planted)
        truth = truth["angle"].to_numpy(dtype=float)
        errors = [np.abs(wrap_angle(_blend(own, second, weight) - truth)).mean() for weight in _WEIGHTS]
        return _WEIGHTS[int(np.argmin(errors))]

    def first(self, stack, kind, angle=None):
        """The closed form for one kind on a unit stack, with parameters estimated on this set."""
        if kind == "low_contrast":
            return _intensity.stretch_contrast(stack, low=self.low, high=self.high)
        if kind == "brightness":
            return _intensity.level_brightness(stack, low=self.low, high=self.high)
        if kind in POSE_KINDS:
            name = CANDIDATES[kind][-1]
            if kind == "rotate" and angle is not None:
                return RESTORERS[name].function(stack, angle=self.estimate_angle(stack, angle))
            return RESTORERS[name].function(stack, **self.pose.estimate(stack, kind))
        return stack

    def steps(self, kind):
        """Restorers of a kind in the order to try them, each with its sharpness."""
        for name in self.order[kind]:
            for sharpness in _SHARPNESS if name.endswith("learned") else (1.0,):
                yield name, sharpness

    def plant_trials(self, kinds, generator):
        """Each kind planted in the images put aside: pairs of kind and unit stack."""
        for kind in kinds:
            planted, _ = apply_corruption(self.trials / np.float32(255), kind, generator=generator)
            yield kind, as_bytes(planted) / np.float32(255)

    def repair(self, name, stack, kind, angle=None, sharpness=1.0):
        """Apply one candidate of a kind to a unit stack; ``angle`` is the second opinion on turned images."""
        if name.endswith("learned"):
            return self.learned.restore(self.first(stack, kind, angle), kind, sharpness)
        if name == "stretch_contrast":
            return _intensity.stretch_contrast(stack, low=self.low, high=self.high)
        if kind in POSE_KINDS or kind == "brightness":
            return self.first(stack, kind, angle)
        return RESTORERS[name].function(stack)

    def _rank(self, trials, angles, generator):
        """Median PSNR gain of each candidate on corruptions planted in ``trials``, best first within a kind."""
        rows = []
        for kind in self.kinds:
            planted, _ = apply_corruption(trials / np.float32(255), kind, generator=generator)
            planted = as_bytes(planted)
            unit = planted / np.float32(255)
            angle = angles(unit) if kind == "rotate" and angles is not None else None
            before = psnr(planted, trials)
            for place, name in enumerate(CANDIDATES[kind]):
                repaired = as_bytes(self.repair(name, unit, kind, angle))
                gain = psnr(repaired, trials) - before
                rows.append(
                    {
                        "kind": kind,
                        "restorer": name,
                        "gain": float(np.median(gain)),
                        "improved": float((gain > 0).mean()),
                        "place": place,
                    }
                )
        frame = pd.DataFrame(rows, columns=["kind", "restorer", "gain", "improved", "place"])
        frame["group"] = frame["kind"].map({kind: code for code, kind in enumerate(self.kinds)})
        frame = frame.sort_values(["group", "gain", "place"], ascending=[True, False, True], ignore_index=True)
        return frame.drop(columns=["group", "place"])
