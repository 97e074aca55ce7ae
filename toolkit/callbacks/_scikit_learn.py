"""scikit-learn's own callbacks, from version 1.9 on: ``estimator.set_callbacks(ProgressBar()).fit(X)``.

The one place that knows their protocol. With an older scikit-learn estimators train as ever, and ``set_callbacks`` says
what it needs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from toolkit.exceptions import MissingDependencyError

try:
    from sklearn.callback import CallbackSupportMixin
    from sklearn.callback._callback_support import callback_management_context
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """In the place of scikit-learn's."""

        def set_callbacks(self, *callbacks: Any) -> Self:
            """Refuse callbacks, which nobody would call."""
            if callbacks:
                raise MissingDependencyError(
                    "set_callbacks needs scikit-learn 1.9 or newer: pip install -U scikit-learn"
                )
            return self

    callback_management_context = None

__all__ = ["CallbackSupport", "followed_by_callbacks"]


class CallbackSupport(CallbackSupportMixin):
    """Mixin of estimators that train in epochs: adds ``set_callbacks`` of scikit-learn 1.9.

    See Also
    --------
    followed_by_callbacks : Calls them.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from toolkit.callbacks import CallbackSupport
    >>> class Model(CallbackSupport, BaseEstimator):
    ...     pass
    >>> Model().set_callbacks()  # none, as without the call; ProgressBar() of sklearn.callback would show the epochs
    Model()
    """


@contextmanager
def followed_by_callbacks(
    estimator: Any, *, X: Any = None, epochs: int | None = None, steps: int | None = None, epoch_steps: int = 1
) -> Iterator[tuple[Any, ...]]:
    """Within the block, the callbacks of an estimator follow its training: give the hooks that it yields to the loop.

    Each epoch is a task under that of ``fit``, with the entry of the history as its ``metadata``. A callback that asks
    to stop ends the training. ``fitted_estimator`` is None: halfway a network is no estimator yet.

    Parameters
    ----------
    estimator : estimator with ``set_callbacks``
    X : array-like, optional
        What it is fitted to.
    epochs, steps : int, optional
        How long it trains, where that is known.
    epoch_steps : int, default=1
        Steps of an epoch.

    Yields
    ------
    tuple of hooks
        Empty where nobody follows.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from toolkit.callbacks import CallbackSupport, followed_by_callbacks
    >>> class Model(CallbackSupport, BaseEstimator):
    ...     def fit(self, X, hooks=()):
    ...         with followed_by_callbacks(self, X=X, epochs=2) as followers:
    ...             for epoch in (1, 2):
    ...                 for hook in (*hooks, *followers):
    ...                     hook(self, {"epoch": epoch})
    ...         return self
    >>> Model().fit([[0.0]], hooks=[lambda model, entry: print(entry)])  # after set_callbacks(...) they hear it, too
    {'epoch': 1}
    {'epoch': 2}
    Model()
    """
    if callback_management_context is None or not _is_followed(estimator):
        yield ()
        return
    if epochs is None and steps is not None:
        epochs = -(-steps // epoch_steps)
    with callback_management_context(estimator):
        root = estimator._init_callback_context(max_subtasks=epochs)
        root.call_on_fit_task_begin(estimator=estimator, X=X)
        yield (_Epochs(estimator, root, X),)
        root.call_on_fit_task_end(estimator=estimator, X=X)


def _is_followed(estimator: Any) -> bool:
    return bool(getattr(estimator, "_skl_callbacks", None)) or hasattr(estimator, "_parent_callback_ctx")


class _Epochs:
    """Hook that makes a task of each epoch."""

    def __init__(self, estimator: Any, root: Any, X: Any) -> None:
        self.estimator, self.root, self.X = estimator, root, X

    def __call__(self, trainer: Any, entry: dict[str, Any]) -> bool:
        task = self.root.subcontext(task_name="epoch")
        given = {"estimator": self.estimator, "X": self.X, "metadata": dict(entry)}
        task.call_on_fit_task_begin(**given)
        return bool(task.call_on_fit_task_end(**given))
