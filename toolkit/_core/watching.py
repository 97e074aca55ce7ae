"""Long work that is watched from outside: told how far it has come, and asked whether it shall stop.

Who watches says so once, around the work; whatever shows progress below tells it, and every training asks it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

from toolkit._core.progress import _enclosing
from toolkit.exceptions import StoppedError

__all__ = ["Watch", "current_watch", "watched"]

_current: ContextVar["Watch | None"] = ContextVar("watch", default=None)


class Watch:
    """Stands above all progress of some work, in the place of a bar.

    Parameters
    ----------
    progress : callable, optional
        ``progress(stage, share)``: what is being done, and which share of the whole is done.
    should_stop : callable, optional
        ``should_stop()`` is asked at every step; when it returns True the work ends by :class:`StoppedError`.
    should_finish : callable, optional
        ``should_finish()`` is asked by trainings after each step; when it returns True the training is over, as if it
        had been that long.
    observers : sequence of callable
        Hooks of trainings that only look: ``observer(trainer, entry)`` after an epoch, ``observer.after_step(trainer,
        step)`` after a step where it has that, ``observer.resumed(trainer, step, history)`` where a training goes on
        from a checkpoint. What they return is ignored, and they are no part of a checkpoint.
    """

    speaks_for_parts = True  # no bars below

    def __init__(
        self,
        progress: Callable[[str, float], object] | None = None,
        should_stop: Callable[[], bool] | None = None,
        observers: Sequence[Callable] = (),
        should_finish: Callable[[], bool] | None = None,
    ) -> None:
        self._progress, self._should_stop, self.observers = progress, should_stop, tuple(observers)
        self._should_finish = should_finish
        self._stage, self._share, self._held = "", 0.0, 0

    @property
    def asked_to_stop(self) -> bool:
        """Whether the work shall end."""
        return self._should_stop is not None and bool(self._should_stop())

    @property
    def asked_to_finish(self) -> bool:
        """Whether a training shall be over, and what was learnt kept."""
        return self._should_finish is not None and bool(self._should_finish())

    def check(self) -> None:
        """End the work where it shall end.

        Raises
        ------
        StoppedError
        """
        if self.asked_to_stop:
            raise StoppedError("The work was stopped on request.")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Within this block telling ends nothing: the work itself asks, where it can be gone on with."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def stage_is(self, name: str) -> None:
        """What is being done from now on."""
        if name != self._stage:
            self._stage = name
            self._tell()

    def part_is(self, share: float) -> None:
        """This share of the whole is done."""
        self._share = max(self._share, min(float(share), 1.0))
        self._tell()

    def resumed(self, trainer: Any, step: int, history: Sequence[dict[str, Any]]) -> None:
        """A training goes on after ``step``: with the history of its epochs, and of what is done of the present one."""
        for observer in self.observers:
            if hasattr(observer, "resumed"):
                observer.resumed(trainer, step, history)

    def after_step(self, trainer: Any, step: int) -> None:
        """A step of a training was done."""
        for observer in self.observers:
            if hasattr(observer, "after_step"):
                observer.after_step(trainer, step)

    def after_epoch(self, trainer: Any, entry: dict[str, Any]) -> None:
        """An epoch of a training was done."""
        for observer in self.observers:
            observer(trainer, entry)

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._stage, self._share)
        if not self._held:
            self.check()


def current_watch() -> Watch | None:
    """The watch that this work is under, if any."""
    return _current.get()


@contextlib.contextmanager
def watched(
    progress: Callable[[str, float], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    observers: Sequence[Callable] = (),
    should_finish: Callable[[], bool] | None = None,
) -> Iterator[bool]:
    """Put the work within a ``with`` block under a watch, if there is anything to tell or to ask.

    Yields
    ------
    bool
        Whether somebody watches: what is done within then has to be verbose, or it tells nothing.

    Examples
    --------
    >>> from toolkit._core.progress import Progress
    >>> told = []
    >>> with watched(lambda stage, share: told.append(share)) as verbose, Progress(2, verbose=verbose) as work:
    ...     work.update()
    >>> told
    [0.5]
    """
    if progress is None and should_stop is None and should_finish is None and not observers:
        yield False
        return
    watch = Watch(progress, should_stop, observers, should_finish)
    watch.check()
    tokens = _enclosing.set(watch), _current.set(watch)  # type: ignore[arg-type]
    try:
        yield True
    finally:
        _enclosing.reset(tokens[0])
        _current.reset(tokens[1])
