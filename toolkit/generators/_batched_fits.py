"""Fits of one GAN over several seeds as one training: what ``fit_many(batched=True)`` does."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.progress import Progress
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.exceptions import DivergenceError
from toolkit.generators import _gan_setup as setup

__all__ = ["fit_batched"]

_EXPLOSION = 1e6  # as of single trainings


def fit_batched(
    estimators: list[Any], X: Any, y: Any = None, *, record: bool = False, verbose: bool = False
) -> list[dict]:
    """Fit GANs that differ in nothing but their ``random_state``, together.

    Parameters
    ----------
    estimators : list of GAN
    X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
    y : ignored
    record : bool, default=False
        Leave None in the place of one that diverges, and go on with the others; else it is raised at once.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    list of dict
        ``estimator``, ``seconds`` (an equal share of those of all), ``error``.

    Raises
    ------
    ValueError
        They have something that is not trained in a batch.
    DivergenceError
    """
    from toolkit.generators.adversarial._batched import BatchedTrainer, why_not_batched
    from toolkit.nn import limit_threads

    started = time.perf_counter()
    seeds = []
    for gan in estimators:
        stack = validate_images(gan, X, reset=True)
        gan._check_parameters()
        gan.settings_ = setup.learn_settings(gan, len(stack))
        gan._learn_layout(stack, X)
        gan.batch_size_ = int(min(gan.settings_["batch_size"], len(stack)))
        seeds.append(spawn_seeds(gan.random_state, 5))
    first = estimators[0]
    if first.settings_["max_seconds"] is not None:
        raise ValueError("batched=True trains by epochs or steps: max_seconds must be None.")
    per_epoch = -(-len(stack) // first.batch_size_)
    length = setup.length(first)
    total = length.get("steps") or length["epochs"] * per_epoch
    with limit_threads(first.n_threads):
        trainers = [gan._make_trainer(own[0], own[1], total) for gan, own in zip(estimators, seeds)]
        reason = why_not_batched(trainers[0])
        if reason:
            raise ValueError(f"batched=True trains fully connected pairs as one network: {reason}.")
        replicas = [
            _Replica(gan, trainer, own, stack) for gan, trainer, own in zip(estimators, trainers, seeds, strict=True)
        ]
        batched = BatchedTrainer(trainers)
        images = setup.training_array(first, stack)
        with Progress(total, desc="GAN fits as one", verbose=verbose) as progress:
            _run(batched, replicas, images, first.batch_size_, total, record, progress, started)
        batched.write()
        for replica in replicas:
            if replica.error is None:
                replica.keep(stack)
    seconds = (time.perf_counter() - started) / len(replicas)
    return [
        {"estimator": None if replica.error else replica.gan, "seconds": seconds, "error": replica.error}
        for replica in replicas
    ]


class _Replica:
    """What one fit has for itself: its order of the rows, guard, history and snapshots."""

    def __init__(self, gan: BaseEstimator, trainer: Any, seeds: list[int], stack: NDArray) -> None:
        from toolkit.nn import EpochLosses

        self.gan, self.trainer, self.seeds = gan, trainer, seeds
        self.order = as_generator(seeds[2])
        self.snapshots = setup.Snapshots(gan, gan._snapshot_latents(seeds[3]))
        self.losses = EpochLosses(_EXPLOSION)
        self.history: list[dict] = []
        self.error: str | None = None

    def permutation(self, n_rows: int) -> NDArray[np.intp]:
        return self.order.permutation(n_rows)

    def add(self, step: int, n_rows: int, losses: dict[str, float], record: bool) -> None:
        """Losses of a step; one that diverges is told apart, and leaves the others alone."""
        if self.error is not None:
            return
        try:
            self.losses.add(step, n_rows, losses)
        except DivergenceError as error:
            if not record:
                error.history = list(self.history)
                raise
            self.error = str(error)

    def end_epoch(self, step: int, seconds: float) -> bool:
        """Write the epoch down; whether a snapshot is due."""
        if self.error is not None:
            return False
        entry = {"epoch": len(self.history) + 1, "step": step, "seconds": seconds} | self.losses.means()
        self.losses = self.losses.next_epoch()
        self.history.append(entry)
        return entry["epoch"] in self.gan.snapshot_epochs

    def keep(self, stack: NDArray) -> None:
        self.gan.history_, self.gan.snapshots_ = self.history, self.snapshots.images
        self.gan._keep_packing_context(self.seeds[4], stack)
        self.gan._keep(self.trainer)


def _run(batched, replicas, images, batch_size, total, record, progress, started):
    from toolkit.nn import Batches

    batches = Batches(images, batched.device)
    parts = list(iter_chunks(batches.n_samples, batch_size))
    step = 0
    while step < total and any(replica.error is None for replica in replicas):
        orders = np.stack([replica.permutation(batches.n_samples) for replica in replicas])
        for part in parts[: total - step]:
            rows = orders[:, part]
            step += 1
            losses = batched.train_step(batches[rows.ravel()].unflatten(0, rows.shape))
            # One transfer for all replicas and losses.
            values = _fetched(losses)
            for place, replica in enumerate(replicas):
                own = {name: row[place] for name, row in values.items()}
                replica.add(step, rows.shape[1], own, record)
            progress.update()
        due = [replica.end_epoch(step, time.perf_counter() - started) for replica in replicas]
        if any(due):
            batched.write()
            for replica, wanted in zip(replicas, due):
                if wanted:
                    replica.snapshots(replica.trainer, replica.history[-1])


def _fetched(losses):
    import torch

    table = torch.stack([value.float() for value in losses.values()]).cpu().tolist()
    return dict(zip(losses, table))
