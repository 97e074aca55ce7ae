"""The networks behind the identifier: a small committee, each member on one thread with randomness of its own."""

from dataclasses import dataclass

import numpy as np

from toolkit._core.geometry import dihedral, rotate
from toolkit._core.random import as_generator
from toolkit.diagnostics._planting import Planter
from toolkit.diagnostics._views import VIEWS, merge_views
from toolkit.nn import build, fit_loop, limit_threads, torch_generator
from toolkit.nn._kind_network import KindModel, KindNetwork

__all__ = ["Committee", "Opinion"]

# Offsets, in degrees, at which a rotated image is looked at again once its angle is roughly known.
_SECOND_LOOKS = (-30.0, -15.0, 0.0, 15.0, 30.0)
# Peak learning rates: of a network that begins from nothing, and of one that must not forget what it knew.
_BRISK, _GENTLE = 3e-3, 1e-3


@dataclass(frozen=True)
class Opinion:
    """What the committee says of a stack of n images.

    Attributes
    ----------
    logs : ndarray of shape (n, n_outputs)
        Log-likelihoods of the kinds, the mean of the members.
    direction : ndarray of shape (n, 2)
        Cosine and sine of the angle, not normalised.
    severity : ndarray of shape (n,)
    features : ndarray of shape (n, n_members * n_features)
    """

    logs: np.ndarray
    direction: np.ndarray
    severity: np.ndarray
    features: np.ndarray


class _Member:
    """One network, its planter and its generator."""

    def __init__(self, image_shape, kinds, n_steps, seed, prior, negative):
        self.generator = as_generator(seed)
        self.planter = Planter(kinds)
        n_outputs = self.planter.n_outputs
        network = build(lambda: KindNetwork(image_shape, n_outputs), torch_generator(seed))
        self.begun = prior is not None and prior.begin(network, kinds)
        self.negative = negative
        self.model = KindModel(network, n_steps=n_steps, learning_rate=_GENTLE if self.begun else _BRISK)
        self.shares = self.planter.shares()

    def train(self, images, trusted, own, n_images, batch_size, n_rounds):
        """``n_rounds`` rounds of planting anew in ``n_images`` trusted images and learning from all of them.

        Corruptions are planted in any trusted image; only the member's own ones are shown to it as clean.
        """
        import torch

        rows, own = np.flatnonzero(trusted), np.flatnonzero(trusted & own)
        with limit_threads(1):
            for _ in range(n_rounds):
                repeats = -(-n_images // len(rows))
                order = np.concatenate([self.generator.permutation(rows) for _ in range(repeats)])[:n_images]
                kind = self.planter.draw(n_images, self.shares, self.generator)
                order[kind == 0] = np.resize(self.generator.permutation(own), (kind == 0).sum())
                planted = self.planter.plant(images[order], kind, self.generator)
                self.model.log_share = torch.log(torch.tensor(self.shares, dtype=torch.float32) + 1e-9)
                fit_loop(
                    self.model,
                    (self._seen(planted.images), *planted.arrays()[1:]),
                    batch_size=batch_size,
                    epochs=1,
                    generator=self.generator,
                    shuffle=False,
                )
                self.shares = self.planter.shares(self.model.mean_errors())

    def look(self, images, views):
        """Outputs on each view, the views of one image together."""
        with limit_threads(1):
            return {view: self.model.predict(self._seen(dihedral(images, view))) for view in views}

    def _seen(self, images):
        """Images as the network sees them: light on dark, so that one set's network can begin from another's."""
        return 255 - images if self.negative else images


class Committee:
    """Networks that learn from what is planted in the images themselves.

    Parameters
    ----------
    image_shape : tuple
    kinds : tuple of str
    n_members : int
    n_rounds : int
        Rounds of planting and learning in all.
    n_images : int
        Images planted in a round.
    batch_size : int
    seeds : list of int
        One a member.
    run : callable
        ``run(function, tasks)`` calls ``function(**task)`` for each task, in threads or one after the other.
    prior : Prior, default=None
        What the networks begin from; None is nothing.
    negative : bool, default=False
        The images are dark on light: the networks see their negatives. What is planted is planted in them as they are.
    """

    def __init__(self, image_shape, kinds, *, n_rounds, n_images, batch_size, seeds, run, prior=None, negative=False):
        self.image_shape, self.kinds, self.n_images, self.run = image_shape, kinds, n_images, run
        self.batch_size = max(2, min(batch_size, n_images))
        n_steps = n_rounds * -(-n_images // self.batch_size)
        self.members = [_Member(image_shape, kinds, n_steps, seed, prior, negative) for seed in seeds]

    def train(self, images, trusted, owner, n_rounds):
        """Train every member for ``n_rounds`` rounds on the trusted rows of ``images`` (uint8).

        ``owner`` says which member may be shown a row as clean. A network soon knows by heart what it was shown as
        clean, so on a row that is not, only a member that was not shown it can say so.
        """
        self.run(
            lambda member, own: member.train(images, trusted, own, self.n_images, self.batch_size, n_rounds),
            [{"member": member, "own": owner == index} for index, member in enumerate(self.members)],
        )

    def cross_judge(self, images, owner):
        """Log-likelihoods of every row, from the members that do not own it (from the only one, if it is alone).

        From two sides only: it is asked often.
        """
        views = VIEWS[:2]
        n_members = len(self.members)
        tasks = [
            {"member": member, "rows": np.flatnonzero((owner != index) | (n_members == 1))}
            for index, member in enumerate(self.members)
        ]
        looks = self.run(lambda member, rows: member.look(images[rows], views), tasks)
        shape = (len(images), self.members[0].planter.n_outputs)
        by_view, counts = {view: np.zeros(shape) for view in views}, np.zeros((len(images), 1))
        for task, look in zip(tasks, looks):
            counts[task["rows"]] += 1
            for view in views:
                by_view[view][task["rows"]] += look[view][0]
        return merge_views({view: logs / counts for view, logs in by_view.items()}, self.kinds)

    def judge(self, images, *, all_views=True):
        """The committee's :class:`Opinion` of ``images`` (uint8), from four sides or as they are."""
        views = VIEWS if all_views else ("identity",)
        looks = self.run(lambda member: member.look(images, views), [{"member": member} for member in self.members])
        by_view = {view: np.mean([look[view][0] for look in looks], axis=0) for view in views}
        amounts = np.mean([look["identity"][1] for look in looks], axis=0)
        features = np.concatenate([look["identity"][2] for look in looks], axis=1)
        return Opinion(merge_views(by_view, self.kinds), amounts[:, :2], amounts[:, 2], features)

    def angles(self, images, direction):
        """Angles of rotated images, in degrees counter-clockwise as displayed.

        The first estimate turns each image roughly upright; looks from several sides around there say how far it still
        is, and their circular mean counts.

        Parameters
        ----------
        images : ndarray of uint8, of shape (n, height, width[, 3])
        direction : ndarray of shape (n, 2)
            The first estimate, as in :class:`Opinion`.
        """
        if len(images) == 0:
            return np.zeros(0)
        unit = images.astype(np.float32) / 255
        border = np.concatenate([unit[:, 0], unit[:, -1], unit[:, :, 0], unit[:, :, -1]], axis=1)
        fill = np.median(border, axis=1)
        estimate = np.rad2deg(np.arctan2(direction[:, 1], direction[:, 0]))
        total = direction / np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
        for offset in _SECOND_LOOKS:
            turned = rotate(unit, -(estimate + offset), fill=fill)
            turned = np.rint(np.clip(turned, 0, 1) * 255).astype(np.uint8)
            left = self.judge(turned, all_views=False).direction
            radians = np.deg2rad(estimate + offset) + np.arctan2(left[:, 1], left[:, 0])
            total = total + np.stack([np.cos(radians), np.sin(radians)], axis=1)
        return np.rad2deg(np.arctan2(total[:, 1], total[:, 0]))
