"""The stages of a study: timed, and shown as one progress bar."""

import contextlib
import time

__all__ = ["Stages"]


class Stages:
    """Time named stages of work.

    Parameters
    ----------
    n_stages : int
    verbose : bool, default=False
        Show a bar that says which stage runs.

    Attributes
    ----------
    seconds : dict of str to float
        Wall-clock seconds of each finished stage.

    Examples
    --------
    >>> with Stages(1) as stages:
    ...     with stages("sleep"):
    ...         pass
    >>> list(stages.seconds)
    ['sleep']
    """

    def __init__(self, n_stages, *, verbose=False):
        from tqdm.auto import tqdm

        self.seconds = {}
        layout = "{desc:<28} {bar:24} stage {n_fmt}/{total_fmt} [{elapsed}]"
        self._bar = tqdm(total=n_stages, disable=not verbose, bar_format=layout)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._bar.set_description_str("done" if exception[0] is None else "stopped")
        self._bar.close()

    @contextlib.contextmanager
    def __call__(self, name):
        """Run one stage within a ``with`` block."""
        self._bar.set_description_str(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self._bar.update()
