"""Every error of its own that the toolkit raises.

Each one derives from :class:`ToolkitError` and from the built-in error that a caller would expect, so that
``except ValueError`` keeps working for people who have never heard of this module.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = [
    "CheckpointError",
    "DataFormatError",
    "DivergenceError",
    "DownloadError",
    "FolderInUseError",
    "MissingDependencyError",
    "StoppedError",
    "ToolkitError",
    "TrainingFolderError",
    "WorkerLostError",
]


class ToolkitError(Exception):
    """Base class of the toolkit's own errors."""


class DataFormatError(ToolkitError, ValueError):
    """A file does not hold what it should: wrong rank, wrong dtype, NaN, a lying header, too large."""


class DownloadError(ToolkitError, OSError):
    """A published data set is neither in the cache nor to be had."""


class DivergenceError(ToolkitError, RuntimeError):
    """Training produced NaN or an exploding loss.

    Attributes
    ----------
    step : int or None
        The step at which it was seen, counted from one.
    checkpoint : pathlib.Path or None
        The last checkpoint of the same training, written while all was well.
    history : list of dict
        The epochs that were completed.
    """

    def __init__(
        self,
        message: str,
        *,
        step: int | None = None,
        checkpoint: Path | None = None,
        history: Iterable[dict[str, Any]] = (),
    ):
        super().__init__(message)
        self.step, self.checkpoint, self.history = step, checkpoint, list(history)


class FolderInUseError(ToolkitError, BlockingIOError):
    """Another run is writing to the same folder."""


class MissingDependencyError(ToolkitError, ImportError):
    """An optional package is needed for what was asked and is not installed."""


class StoppedError(ToolkitError, RuntimeError):
    """Long work ended because ``should_stop`` said so; a training has written a checkpoint to go on from."""


class WorkerLostError(ToolkitError, RuntimeError):
    """A process that shared the work was ended from outside, most often for want of memory."""


class TrainingFolderError(ToolkitError, ValueError):
    """A training folder holds another training, or one that is not to be replaced unasked.

    Attributes
    ----------
    reason : {"ended", "unfinished", "changed"}
    key, earlier, present
        Of a changed one: what differs, and how.
    """

    def __init__(self, message: str, *, reason: str, key: str = "", earlier: Any = None, present: Any = None):
        super().__init__(message)
        self.reason, self.key, self.earlier, self.present = reason, key, earlier, present


class CheckpointError(ToolkitError, ValueError):
    """A checkpoint or a saved estimator is damaged, incomplete, foreign, or of another kind."""
