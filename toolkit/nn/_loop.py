"""The one training loop of the project.

``fit_loop -> epoch -> model.train_step(batch) -> dict of losses``. A model supplies only ``train_step``; it owns its
optimiser, and does zero_grad, backward and step there. What the loop itself must remember to go on after a crash is
in one small record, :class:`Position`.
"""

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.images import iter_chunks
from toolkit._core.locks import folder_lock
from toolkit._core.parameters import is_number
from toolkit._core.progress import Progress
from toolkit._core.types import PathLike
from toolkit._core.watching import current_watch
from toolkit.exceptions import DivergenceError
from toolkit.nn._batches import Batches
from toolkit.nn._losses import EpochLosses

if TYPE_CHECKING:
    from toolkit.nn._checkpoint import Checkpoint

__all__ = ["Position", "fit_loop"]

_ENDLESS = 2**62  # steps of a training that the clock ends


@dataclass
class Position:
    """How far a training has come.

    Attributes
    ----------
    step : int
        Steps done.
    batch : int
        Batches done of the present epoch.
    order : ndarray or None
        The order of the rows in the present epoch; None between epochs.
    losses : EpochLosses
    history : list of dict
    seconds : float
        Spent so far.
    stopped : bool
        A hook has ended the training.
    """

    losses: EpochLosses
    step: int = 0
    batch: int = 0
    order: np.ndarray | None = None
    history: list = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False


def fit_loop(
    model: Any,
    arrays: NDArray | tuple[NDArray, ...],
    *,
    batch_size: int = 128,
    epochs: int | None = None,
    steps: int | None = None,
    seconds: float | None = None,
    generator: np.random.Generator,
    shuffle: bool = True,
    hooks: Sequence[Callable] = (),
    checkpoint: "Checkpoint | PathLike | None" = None,
    resume: bool | PathLike = False,
    parameters: Mapping[str, Any] | None = None,
    explosion: float | None = 1e6,
    verbose: bool = False,
    desc: str = "",
) -> list[dict[str, float]]:
    """Train ``model`` on batches of ``arrays``.

    Parameters
    ----------
    model : object with ``train_step(batch) -> dict of str to float or 0-d tensor``
        ``batch`` is a tensor if ``arrays`` is one array, else a tuple of tensors; on ``model.device`` if there is such
        an attribute. Losses may stay on an accelerator: they are read every 64 steps. For checkpoints the model also
        needs ``state_dict()`` and ``load_state_dict(state)``: nested dicts and lists of tensors, arrays, numbers and
        strings that hold all that it will need again, optimisers and generators included
        (:class:`toolkit.nn.StateMixin` writes them).
    arrays : ndarray or tuple of ndarray, each of shape (n_samples, ...)
        Kept as they are (uint8 stays uint8); only a batch at a time becomes a tensor, in its own dtype.
    batch_size : int, default=128
        Clipped to ``n_samples``. The last, smaller batch of an epoch is used too.
    epochs, steps : int or None
        How long: passes over the data, or steps of the optimiser. Exactly one of them, or none beside ``seconds``.
    seconds : float, optional
        Wall-clock seconds after which the training ends at the latest, those before it was resumed included; at least
        one step is done. A model with ``set_share`` is told before each step how much of the training is done.
    generator : numpy.random.Generator
        Shuffles; nothing else is drawn from it.
    shuffle : bool, default=True
    hooks : sequence of callable
        Each is called as ``hook(model, entry)`` after an epoch with the entry of the history; one that returns True
        ends the training. One with ``state_dict`` and ``load_state_dict`` is part of a checkpoint. One with
        ``after_step(model, step)`` is asked after every step as well, and ends the training there by returning True.
    checkpoint : Checkpoint or path-like, optional
        Where and how often to write what is needed to go on after a crash; the end of a training is always written. A
        folder alone is written to after each epoch.
    resume : bool or path-like, default=False
        True goes on from the latest checkpoint in the folder of ``checkpoint``, or starts anew if there is none. A path
        names a checkpoint to go on from. On the same machine, versions and threads, what comes out is bitwise equal to
        the training that was never interrupted.
    parameters : dict, optional
        What the training depends on, as of ``estimator.get_params()``: kept in checkpoints, and to go on from one with
        others is an error. How long (``epochs``, ``steps``, ``max_steps``, ``max_seconds``), on what (``device``,
        ``n_threads``) and how watched (``verbose``, ``snapshot_epochs``) may change.
    explosion : float or None, default=1e6
        A loss this many times larger than in the first ten steps (and than 1) counts as divergence; None: never.
    verbose : bool, default=False
        Show progress.
    desc : str
        What to call it there.

    Returns
    -------
    list of dict
        One per epoch: ``epoch``, ``step``, ``seconds``, and the mean of each loss over the epoch's samples.

    Raises
    ------
    DivergenceError
        A loss is NaN, infinite or has exploded. It carries ``step``, the last good ``checkpoint`` and the ``history``.
    CheckpointError
        What to resume from is damaged, belongs to a training of other data or other ``parameters``, or has come
        further than ``epochs`` or ``steps``.
    FileExistsError
        The folder of ``checkpoint`` holds a later checkpoint than the one to go on from.
    FolderInUseError
        Another training is writing to the folder of ``checkpoint``.

    Examples
    --------
    >>> import numpy as np
    >>> class Counter:
    ...     def train_step(self, batch):
    ...         return {"mean": batch.mean()}
    >>> history = fit_loop(Counter(), np.ones((5, 2)), batch_size=2, epochs=2, generator=np.random.default_rng(0))
    >>> [(entry["step"], entry["mean"]) for entry in history]
    [(3, 1.0), (6, 1.0)]
    """
    if (epochs is not None and steps is not None) or (epochs is None and steps is None and seconds is None):
        raise ValueError(f"Give either epochs or steps, got epochs={epochs!r} and steps={steps!r}.")
    if seconds is not None and not (is_number(seconds) and seconds > 0):
        raise ValueError(f"seconds must be a number above 0, got {seconds!r}.")
    if resume is True and checkpoint is None:
        raise ValueError("resume=True needs a checkpoint, whose folder says where to go on from.")
    if isinstance(checkpoint, (str, os.PathLike)):
        from toolkit.nn._checkpoint import Checkpoint

        checkpoint = Checkpoint(checkpoint)
    batches = Batches(arrays, getattr(model, "device", None))
    batch_size = max(1, min(batch_size, batches.n_samples))
    if epochs is None and steps is None:
        total = _ENDLESS
    else:
        total = (epochs or 0) * -(-batches.n_samples // batch_size) if steps is None else steps
    position = Position(EpochLosses(explosion))
    saver = None
    if checkpoint is not None or resume:
        from toolkit.nn._checkpoint import Saver

        saver = Saver(
            checkpoint,
            model,
            batches,
            generator,
            hooks,
            batch_size=batch_size,
            shuffle=shuffle,
            total=total,
            parameters=parameters,
        )
    # Two trainings in one folder would each take the checkpoints of the other for its own.
    with contextlib.nullcontext() if checkpoint is None else folder_lock(checkpoint.folder):
        if saver is not None:
            saver.restore(position, resume)
        try:
            _run(model, batches, batch_size, total, seconds, generator, shuffle, hooks, position, saver, verbose, desc)
        except DivergenceError as error:
            error.history = list(position.history)
            error.checkpoint = saver.last if saver is not None else None
            raise
    return position.history


class _Clock:
    """Seconds of the whole training, and whether they are over; tells the model how much is done.

    Steps are what is counted where they are known, else the seconds.
    """

    def __init__(self, model, position, total, seconds):
        self.start, self.position, self.total, self.seconds = (
            time.perf_counter() - position.seconds,
            position,
            total,
            seconds,
        )
        self.tell = getattr(model, "set_share", None) if seconds is not None else None
        self.counts_seconds = total == _ENDLESS

    def elapsed(self):
        return time.perf_counter() - self.start

    def is_over(self):
        return self.seconds is not None and self.position.step > 0 and self.elapsed() >= self.seconds

    def before_step(self):
        if self.tell is not None:
            self.tell(min(1.0, max(self.elapsed() / self.seconds, self.position.step / self.total)))

    def progress(self, **options):
        if not self.counts_seconds:
            return Progress(self.total, initial=self.position.step, **options)
        return Progress(max(1, round(self.seconds)), initial=self._whole(), **options)

    def show(self, progress):
        if self.counts_seconds:
            progress.set(self._whole())
        else:
            progress.update()

    def _whole(self):
        return min(int(self.elapsed()), max(1, round(self.seconds)))


def _run(model, batches, batch_size, total, seconds, generator, shuffle, hooks, position, saver, verbose, desc):
    """Epochs until the end, from wherever ``position`` is."""
    clock = _Clock(model, position, total, seconds)
    watchers = [hook.after_step for hook in hooks if hasattr(hook, "after_step")]
    watch = current_watch()
    if watch is not None and position.step:
        watch.resumed(model, position.step, _so_far(position, batches.n_samples, batch_size))
    held = contextlib.nullcontext() if watch is None else watch.held()
    with held, clock.progress(desc=desc, verbose=verbose) as progress:
        while position.step < total and not position.stopped and not clock.is_over():
            if position.order is None:
                n_samples = batches.n_samples
                position.order = generator.permutation(n_samples) if shuffle else np.arange(n_samples)
            parts = list(iter_chunks(batches.n_samples, batch_size))
            last = min(len(parts), position.batch + total - position.step)
            while position.batch < last:
                index = position.order[parts[position.batch]]
                clock.before_step()
                position.step += 1
                position.batch += 1
                position.losses.add(position.step, len(index), model.train_step(batches[index]))
                clock.show(progress)
                stops = [after_step(model, position.step) for after_step in watchers]  # every hook sees every step
                position.stopped = any(stops)
                if watch is not None:
                    watch.after_step(model, position.step)
                    position.stopped = position.stopped or watch.asked_to_finish
                if position.stopped or clock.is_over():
                    break
                if position.batch < last:
                    _stop_if_asked(watch, saver, position, clock)
                if saver is not None and position.batch < last and saver.due(step=position.step):
                    position.losses.read()
                    position.seconds = clock.elapsed()
                    saver.save(position)
            _end_epoch(model, hooks, position, clock.elapsed())
            if watch is not None:
                watch.after_epoch(model, position.history[-1])
            if verbose:
                progress.note(_shown(position.history[-1]))
            if saver is not None:
                done = position.stopped or position.step >= total or clock.is_over()
                if done or saver.due(step=position.step, epoch=len(position.history)):
                    saver.save(position)
            if position.step < total and not position.stopped and not clock.is_over():
                _stop_if_asked(watch, saver, position, clock)


def _so_far(position, n_samples, batch_size):
    """The history of a training that goes on, with the means of the epoch that it was stopped in, if there are any."""
    history, means = [dict(entry) for entry in position.history], position.losses.means()
    if position.batch and means:
        done = len(history) + position.batch / -(-n_samples // batch_size)
        history.append({"epoch": done, "step": position.step, "seconds": position.seconds} | means)
    return history


def _stop_if_asked(watch, saver, position, clock):
    """End where somebody outside asks for it, with a checkpoint from which the training goes on as if nothing was."""
    if watch is None or not watch.asked_to_stop:
        return
    if saver is not None:
        position.losses.read()
        position.seconds = clock.elapsed()
        saver.save(position)
    watch.check()


def _end_epoch(model, hooks, position, seconds):
    entry = {"epoch": len(position.history) + 1, "step": position.step, "seconds": seconds}
    entry.update(position.losses.means())
    position.seconds = seconds
    position.losses, position.order, position.batch = position.losses.next_epoch(), None, 0
    position.history.append(entry)
    stops = [hook(model, entry) for hook in hooks]  # every hook sees every entry
    position.stopped = position.stopped or any(stops)


def _shown(entry):
    """The first three losses, short enough for a line of progress."""
    names = [name for name in entry if name not in ("epoch", "step", "seconds")][:3]
    return {name: f"{entry[name]:.4g}" for name in names}
