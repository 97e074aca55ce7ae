"""The networks behind the identifier: a small ensemble, each member on one thread with randomness of its own."""

from dataclasses import dataclass

import joblib
import numpy as np

from toolkit._core.geometry import dihedral
from toolkit._core.images import iter_chunks
from toolkit._core.jobs import run_jobs
from toolkit._core.random import as_generator
from toolkit.diagnostics.identifier._angle import AngleRegressor
from toolkit.diagnostics.identifier._injection import Injector
from toolkit.diagnostics.identifier._test_time_augmentation import VIEWS, merge_augmentations
from toolkit.diagnostics.identifier.network import KindModel, KindNetwork
from toolkit.nn import build, fit_loop, limit_threads, native_precision, torch_generator

__all__ = ["Ensemble", "Prediction"]

# Peak learning rates: of a network that begins from nothing, and of one that must not forget what it knew.
_LEARNING_RATE, _LEARNING_RATE_PRETRAINED = 3e-3, 1e-3


@dataclass(frozen=True)
class Prediction:
    """What the ensemble says of a stack of n images.

    Attributes
    ----------
    logs : ndarray of shape (n, n_outputs)
        Log-likelihoods of the kinds, the mean of the members.
    severity : ndarray of shape (n,)
    features : ndarray of shape (n, n_members * n_features)
    """

    logs: np.ndarray
    severity: np.ndarray
    features: np.ndarray

    def take(self, rows):
        """The same of some of the images."""
        return Prediction(self.logs[rows], self.severity[rows], self.features[rows])


class _Member:
    """One network, its injector and its generator."""

    def __init__(self, image_shape, kinds, n_steps, seed, prior, negative):
        self.generator = as_generator(seed)
        self.injector = Injector(kinds)
        n_outputs = self.injector.n_outputs
        network = build(lambda: KindNetwork(image_shape, n_outputs), torch_generator(seed))
        self.is_pretrained = prior is not None and prior.load_into(network, kinds)
        self.negative = negative
        self.model = KindModel(
            network, n_steps=n_steps, learning_rate=_LEARNING_RATE_PRETRAINED if self.is_pretrained else _LEARNING_RATE
        )
        self.shares = self.injector.shares()
        self.angle_regressor = None

    def train(self, images, trusted, own, n_images, batch_size, n_rounds, last):
        """``n_rounds`` rounds of planting anew in ``n_images`` trusted images and learning from all of them.

        Corruptions are planted in any trusted image; only the member's own ones are shown to it as clean. ``trusted``
        has to leave out what the member is never to see.
        """
        import torch

        rows, own = np.flatnonzero(trusted), np.flatnonzero(trusted & own)
        if last:
            self.model.cool_down(n_rounds * -(-n_images // batch_size))
        with limit_threads(1):
            for _ in range(n_rounds):
                repeats = -(-n_images // len(rows))
                order = np.concatenate([self.generator.permutation(rows) for _ in range(repeats)])[:n_images]
                kind = self.injector.draw(n_images, self.shares, self.generator)
                order[kind == 0] = np.resize(self.generator.permutation(own), (kind == 0).sum())
                planted = self.injector.plant(images[order], kind, self.generator)
                self.model.log_share = torch.log(torch.tensor(self.shares, dtype=torch.float32) + 1e-9)
                fit_loop(
                    self.model,
                    (self.preprocess(planted.images), *planted.arrays()[1:]),
                    batch_size=batch_size,
                    epochs=1,
                    generator=self.generator,
                    shuffle=False,
                )
                self.shares = self.injector.shares(self.model.mean_errors())

    def learn_angles(self, images, n_images, batch_size, n_rounds):
        self.angle_regressor = AngleRegressor().fit(
            self.model.network,
            images,
            n_images=n_images,
            batch_size=batch_size,
            n_rounds=n_rounds,
            preprocess=self.preprocess,
            generator=self.generator,
        )

    def predict_view(self, images, view, precision="float32"):
        """Outputs on images as one view shows them."""
        with limit_threads(1):
            return self.model.predict(self.preprocess(dihedral(images, view)), precision=precision)

    def directions(self, images):
        """Cosines and sines of angles: by the network that learnt turns alone, where there is one."""
        images = self.preprocess(images)
        if self.angle_regressor is not None:
            return self.angle_regressor.directions(images)
        with limit_threads(1):
            return self.model.predict(images)[1][:, :2]

    def preprocess(self, images):
        """Images as the network sees them: light on dark, so that one set's network can begin from another's."""
        return 255 - images if self.negative else images


class Ensemble:
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
    n_jobs : int, default=None
        Members at work at the same time, in threads; None is one for each processor.
    prior : PretrainedWeights, default=None
        What the networks begin from; None is nothing.
    negative : bool, default=False
        The images are dark on light: the networks see their negatives. What is planted is planted in them as they are.
    """

    def __init__(
        self, image_shape, kinds, *, n_rounds, n_images, batch_size, seeds, n_jobs=None, prior=None, negative=False
    ):
        self.image_shape, self.kinds, self.n_images, self.n_jobs = image_shape, kinds, n_images, n_jobs
        self.batch_size = max(2, min(batch_size, n_images))
        n_steps = n_rounds * -(-n_images // self.batch_size)
        self.members = [_Member(image_shape, kinds, n_steps, seed, prior, negative) for seed in seeds]

    def _run(self, function, tasks):
        """``function(**task)`` of each task, in threads or one after the other."""
        threads = min(len(tasks), joblib.cpu_count()) if self.n_jobs is None else self.n_jobs
        with joblib.parallel_config(backend="threading"):
            return run_jobs(function, tasks, n_jobs=threads)

    def train(self, images, trusted, folds, n_rounds, *, last=False):
        """Train every member on the trusted rows of ``images`` (uint8) for ``n_rounds`` rounds, the ``last`` or not.

        ``folds`` says which member may be shown a row as clean, and which may not see it at all. A network soon knows
        by heart what it was shown as clean, so on a row that is not, only a member that was not shown it can say so.
        """
        self._run(
            lambda member, trusted, own: member.train(
                images, trusted, own, self.n_images, self.batch_size, n_rounds, last
            ),
            [
                {"member": member, "trusted": trusted & ~folds.held_out[index], "own": folds.shown[index]}
                for index, member in enumerate(self.members)
            ],
        )

    def out_of_fold_logs(self, images, masks, *, views=VIEWS[:2]):
        """Log-likelihoods of every row, each from the members whose mask holds it.

        From two sides only, if nothing else is said: it is asked often. And since no answer is given by it, but only
        learnt from, in 16 bits where the processor multiplies these itself.

        Parameters
        ----------
        images : ndarray of uint8
        masks : ndarray of bool of shape (n_members, n_images)
            At least one a row.
        """
        tasks = [
            {"member": member, "rows": np.flatnonzero(mask), "view": view}
            for member, mask in zip(self.members, masks)
            for view in views
        ]
        precision = native_precision()
        answers = self._run(lambda member, rows, view: member.predict_view(images[rows], view, precision)[0], tasks)
        shape = (len(images), self.members[0].injector.n_outputs)
        by_view, counts = {view: np.zeros(shape) for view in views}, np.sum(masks, axis=0)[:, None]
        for task, logs in zip(tasks, answers):
            by_view[task["view"]][task["rows"]] += logs
        return merge_augmentations({view: logs / counts for view, logs in by_view.items()}, self.kinds)

    def predict(self, images, *, views=VIEWS):
        """The ensemble's :class:`Prediction` for ``images`` (uint8), merged from these views of each."""
        tasks = [{"member": member, "view": view} for member in self.members for view in views]
        told = iter(self._run(lambda member, view: member.predict_view(images, view), tasks))
        answers = [{view: next(told) for view in views} for _ in self.members]
        by_view = {view: np.mean([answer[view][0] for answer in answers], axis=0) for view in views}
        severity = np.mean([answer["identity"][1][:, 2] for answer in answers], axis=0)
        features = np.concatenate([answer["identity"][2] for answer in answers], axis=1)
        return Prediction(merge_augmentations(by_view, self.kinds), severity, features)

    def predict_in_chunks(self, images, size, *, views=VIEWS):
        """The same of many images, ``size`` at a time."""
        parts = [self.predict(images[part], views=views) for part in iter_chunks(len(images), size)]
        names = ("logs", "severity", "features")
        return Prediction(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def learn_angles(self, images, n_rounds):
        """Go on from what the first member knows, ``n_rounds`` rounds of turned ``images`` (uint8, taken as clean)."""
        self.members[0].learn_angles(images, self.n_images, self.batch_size, n_rounds)

    def angles(self, images):
        """Angles of rotated images (uint8), in degrees counter-clockwise as displayed."""
        # Those that learnt turns alone, where there are any.
        asked = [member for member in self.members if member.angle_regressor is not None] or self.members
        answers = self._run(lambda member: member.directions(images), [{"member": member} for member in asked])
        x, y = np.mean(answers, axis=0).T
        return np.rad2deg(np.arctan2(y, x))
