"""Progress of long work: a bar on a terminal or in a notebook, a line now and then in a log, and never an error.

Work that has parts says so by :class:`Stages`: then one time is left over all of them, not one for each part.
"""

import contextlib
import time
from contextvars import ContextVar

from toolkit._core.progress_views import open_view

__all__ = ["Progress", "Stages", "tracked"]

_enclosing = ContextVar("enclosing", default=None)


class Progress:
    """Count what is done of some work, for whoever watches.

    Parameters
    ----------
    total : int or None
        None if nobody knows.
    desc : str
    verbose : bool, default=False
        False counts, shows nothing and tells nobody.
    initial : int, default=0
        Done before.
    unit : {"", "B"}
        ``"B"`` counts bytes.

    Examples
    --------
    >>> with Progress(3, desc="work") as progress:
    ...     for _ in range(3):
    ...         progress.update()
    >>> progress.n
    3
    """

    def __init__(self, total, *, desc="", verbose=False, initial=0, unit=""):
        self.total, self.n, self._note, self._token = total, initial, "", None
        self._outer = _enclosing.get() if verbose else None
        self._view = None
        if verbose and (self._outer is None or not self._outer.speaks_for_parts):
            self._view = open_view(desc, total, initial, unit=unit, inside=self._outer is not None)

    speaks_for_parts = False

    def update(self, n=1):
        """``n`` more are done."""
        self.set(self.n + n)

    def set(self, n, total=None):
        """``n`` are done, of ``total`` if that has become known."""
        self.n = n
        if total is not None:
            self.total = total
        if self._view is not None:
            self._view.show(n, self.total, self._note)
        if self._outer is not None and self.total:
            self._outer.part_is(n / self.total)

    def part_is(self, share):
        """The unit of work that is being done now is done to this share."""
        if self._outer is not None and self.total:
            self._outer.part_is((self.n + min(share, 1.0)) / self.total)

    def stage_is(self, name):
        """A part has stages of its own, which are not told apart here."""

    def note(self, values):
        """Show these values, a dict of short strings, beside what is done."""
        self._note = ", ".join(f"{name}={value}" for name, value in values.items())
        if self._view is not None:
            self._view.show(self.n, self.total, self._note)

    def __enter__(self):
        if self._outer is not None:
            self._token = _enclosing.set(self)
        return self

    def __exit__(self, *exception):
        if self._token is not None:
            _enclosing.reset(self._token)
        if self._view is not None:
            self._view.close()


class Stages:
    """Named stages of work: timed, and shown together, with the time that is left over all of them.

    Parameters
    ----------
    shares : dict of str to float
        Name of each stage to the share of the time that it is likely to take. Stages may overlap.
    verbose : bool, default=False

    Attributes
    ----------
    seconds : dict of str to float
        Wall-clock seconds of each finished stage.

    Examples
    --------
    >>> with Stages({"sleep": 1.0}) as stages:
    ...     with stages("sleep"):
    ...         pass
    >>> list(stages.seconds)
    ['sleep']
    """

    def __init__(self, shares, *, verbose=False):
        total = sum(shares.values()) or 1.0
        self.shares, self.seconds = {name: share / total for name, share in shares.items()}, {}
        self._parts, self._running = dict.fromkeys(shares, 0.0), []
        self._outer, self._view, self._token = _enclosing.get() if verbose else None, None, None
        self._verbose = verbose

    @property
    def speaks_for_parts(self):
        """Whether bars of the parts would only repeat what is shown here: in a log."""
        if self._outer is not None:
            return self._outer.speaks_for_parts
        return self._view is not None and not self._view.is_bar

    def stage_is(self, name):
        """A stage has stages of its own, which are not told apart here."""

    def part_is(self, share):
        """The stage that runs is done to this share."""
        if self._running:
            name = self._running[-1]
            self._parts[name] = max(self._parts[name], min(share, 1.0))
            self._show()

    def __enter__(self):
        if self._verbose:
            if self._outer is None:
                self._view = open_view("", 1.0, 0.0, unit="share")
            self._token = _enclosing.set(self)
        return self

    def __exit__(self, *exception):
        if self._token is not None:
            _enclosing.reset(self._token)
        if self._view is not None:
            self._view.name("done" if exception[0] is None else "stopped")
            self._view.close()

    @contextlib.contextmanager
    def __call__(self, name):
        """Run one stage within a ``with`` block."""
        self._running.append(name)
        self._show()
        start = time.perf_counter()
        try:
            yield
        finally:
            self._running.remove(name)
        self.seconds[name] = time.perf_counter() - start
        self._parts[name] = 1.0
        self._show()

    def _show(self):
        done = sum(self.shares.get(name, 0.0) * part for name, part in self._parts.items())
        if self._view is not None:
            if self._running:
                self._view.name(f"{self._running[-1]} ({len(self.seconds) + 1} of {len(self.shares)})")
            self._view.show(done, 1.0, "")
        elif self._outer is not None:
            if self._running:
                self._outer.stage_is(self._running[-1])
            self._outer.part_is(done)


def tracked(items, total, *, desc="", verbose=False):
    """Yield the items, and show how many have been taken.

    Examples
    --------
    >>> list(tracked(iter("ab"), 2, desc="letters"))
    ['a', 'b']
    """
    with Progress(total, desc=desc, verbose=verbose) as progress:
        for item in items:
            yield item
            progress.update()
