"""How progress looks: a bar where somebody watches, a line now and then where a log is written, nothing where neither.

Nothing here raises: what only shows must not end what computes, whatever has become of standard error.
"""

import contextlib
import os
import sys
import time

__all__ = ["SafeStream", "open_view"]

_FIRST, _EVERY = 15.0, 60.0  # seconds until the first line of a log, and between two lines of any work of this process
_last = {"line": float("-inf")}


class SafeStream:
    """A stream that swallows what cannot be written: it was closed, nobody reads it, or it lacks a character."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        try:
            self._stream.write(text)
        except UnicodeError:
            encoding = getattr(self._stream, "encoding", None) or "ascii"
            self.write(text.encode(encoding, "backslashreplace").decode(encoding))
        except (OSError, ValueError, AttributeError):
            pass
        return len(text)

    def flush(self):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self._stream.flush()

    def __getattr__(self, name):
        return getattr(self._stream, name)


def open_view(desc, total, initial, *, unit="", inside=False):
    """A bar, lines or None.

    Parameters
    ----------
    desc : str
    total : float or None
    initial : float
    unit : {"", "B", "share"}
    inside : bool
        Of other work that is shown, too: it goes away at its end.
    """
    if _in_notebook():
        return _Bar(desc, total, initial, unit=unit, inside=inside, stream=None)
    stream = sys.stderr
    try:
        on_terminal = stream.isatty()
    except (OSError, ValueError, AttributeError):  # closed, or never there
        return None
    if on_terminal:
        return _Bar(desc, total, initial, unit=unit, inside=inside, stream=SafeStream(stream))
    return None if os.environ.get("TQDM_DISABLE") else _Lines(desc, initial, unit=unit)


def _in_notebook():
    """Whether a notebook runs this, which shows bars of its own."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and type(get_ipython()).__name__ == "ZMQInteractiveShell"


class _Bar:
    """tqdm's bar."""

    is_bar = True
    _LAYOUT = "{desc:<34} {bar:24} {percentage:3.0f}% [{elapsed}, about {remaining} left]"

    def __init__(self, desc, total, initial, *, unit, inside, stream):
        from tqdm.auto import tqdm

        options = {} if stream is None else {"file": stream}
        if unit == "share":
            options |= {"bar_format": self._LAYOUT, "smoothing": 0}
        elif unit == "B":
            options |= {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
        self._bar = tqdm(total=total, initial=initial, desc=desc, leave=not inside, **options)
        self._note = ""

    def show(self, n, total, note):
        if total != self._bar.total:
            self._bar.reset(total=total)
        if note != self._note:
            self._note = note
            self._bar.set_postfix_str(note, refresh=False)
        if n >= self._bar.n:
            self._bar.update(n - self._bar.n)
        else:
            self._bar.n = n

    def name(self, desc):
        self._bar.set_description_str(desc)

    def close(self):
        self._bar.close()


class _Lines:
    """A line now and then: after a quarter of a minute, then one a minute, and the last if there was any."""

    is_bar = False

    def __init__(self, desc, initial, *, unit):
        self._desc, self._initial, self._unit = desc, initial, unit
        self._start, self._wrote, self._latest = time.monotonic(), False, None

    def show(self, n, total, note):
        self._latest = (n, total, note)
        now = time.monotonic()
        if now - self._start >= _FIRST and now - _last["line"] >= _EVERY:
            self._write(now)

    def name(self, desc):
        self._desc = desc

    def close(self):
        if self._wrote and self._latest is not None:
            self._write(time.monotonic())

    def _write(self, now):
        _last["line"], self._wrote = now, True
        n, total, note = self._latest
        gone = now - self._start
        share = (n - self._initial) / (total - self._initial) if total and total > self._initial else 0.0
        parts = [self._amount(n, total), f"{_clock(gone)} gone"]
        if 0.0 < share < 1.0:
            parts.append(f"about {_clock(gone * (1.0 - share) / share)} left")
        if note:
            parts.append(note)
        stream = SafeStream(sys.stderr)
        stream.write(f"{self._desc}: {', '.join(parts)}\n")
        stream.flush()

    def _amount(self, n, total):
        if self._unit == "share":
            return f"{n / total:.0%}"
        scale, unit = (1e6, " MB") if self._unit == "B" else (1, "")
        return f"{n / scale:,.0f}{unit}" + (f" of {total / scale:,.0f}{unit}" if total else "")


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
