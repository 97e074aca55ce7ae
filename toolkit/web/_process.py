"""Long work in a process of its own: it tells how far it is, can be asked to stop, and goes when the server goes."""

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any

from toolkit.exceptions import StoppedError, ToolkitError

__all__ = ["Job"]

_GRACE = 20.0  # seconds from a request to stop until the process is ended


class Job:
    """One piece of work: ``target(say, should_stop, **arguments)``, called in another process.

    ``say(kind, value)`` tells the page something; ``should_stop()`` and, of a training, ``should_finish()`` are asked.

    Parameters
    ----------
    target : str
        ``"package.module:function"``.
    arguments : dict
        What can be pickled.

    Attributes
    ----------
    state : {"running", "done", "stopped", "failed"}
    error : str
        Of one that failed or was stopped.
    result : object
        What the function returned.
    stage, share : str, float
        What is being done, and the share of the whole that is done.
    latest : dict
        The latest value of each kind told.
    notice : tuple of (str, float)
        What is said beside its progress, and until when (of the monotonic clock).
    """

    def __init__(self, target: str, arguments: dict[str, Any]):
        context = multiprocessing.get_context("spawn")
        self._stop, self._finish = context.Event(), context.Event()
        self._connection, theirs = context.Pipe(duplex=False)
        self.state, self.error = "running", ""
        self.result: Any = None
        self.stage, self.share = "starting", 0.0
        self.latest: dict[str, Any] = {}
        self.first_share: tuple[float, float] | None = None
        self.notice = ("", 0.0)
        self._asked: float | None = None
        self._process = context.Process(
            target=_work, args=(theirs, self._stop, self._finish, target, arguments), name="toolkit-web-work"
        )
        self._process.start()
        theirs.close()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Whether it still works."""
        return self.state == "running"

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop, and has not yet."""
        return self.running and self._asked is not None

    @property
    def seconds_left(self) -> float | None:
        """How long it is likely to take; None while nobody can tell."""
        if self.first_share is None or self.share <= self.first_share[1]:
            return None
        since, share = self.first_share
        return (time.monotonic() - since) * (1.0 - self.share) / (self.share - share)

    def remark(self, words: str, seconds: float = 6.0) -> None:
        """Have something said beside its progress for some seconds."""
        self.notice = (words, time.monotonic() + seconds)

    def finish(self) -> None:
        """Let a training be over, and keep what it learnt."""
        self._finish.set()

    def stop(self, grace: float = _GRACE) -> None:
        """Ask it to stop at the next place where it can be gone on with; end it where it does not in time."""
        if not self.running or self._asked is not None:
            return
        self._asked = time.monotonic()
        self._stop.set()
        timer = threading.Timer(grace, self.end)
        timer.daemon = True
        timer.start()

    def end(self) -> None:
        """End the process and whatever it started, at once."""
        if self._process.is_alive() and self._process.pid:
            with contextlib.suppress(OSError):  # its own group, see _work
                os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                self._process.kill()

    def wait(self, seconds: float | None = None) -> None:
        """Until it is over, or the seconds are."""
        self._reader.join(seconds)

    def _read(self):
        outcome = None
        while True:
            try:
                kind, value = self._connection.recv()
            except (EOFError, OSError):
                break
            if kind == "progress":
                self.stage, self.share = value
                # From when the share first moves: what comes before it says nothing of how long the rest takes.
                if self.first_share is None or self.share <= self.first_share[1]:
                    self.first_share = (time.monotonic(), self.share)
            elif kind in ("done", "stopped", "failed"):
                outcome = (kind, value)
            else:
                self.latest[kind] = value
        self._process.join()
        if outcome is None:
            asked = self._asked is not None
            code = self._process.exitcode
            outcome = ("stopped", "Stopped.") if asked else ("failed", f"The work ended unexpectedly (code {code}).")
        kind, value = outcome
        if kind == "done":
            self.result, self.share = value, 1.0
        else:
            self.error = value
        self.state = kind


def _work(connection, stop, finish, target, arguments):
    """What runs in the process."""
    with contextlib.suppress(OSError):
        os.setsid()  # Ctrl-C is the server's affair, which then asks; and what this starts can be ended with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("MPLBACKEND", "Agg")
    threading.Thread(target=_follow_server, args=(stop,), daemon=True).start()
    lock = threading.Lock()
    told = {"when": 0.0, "what": None}

    def say(kind, value):
        with lock, contextlib.suppress(OSError):  # nobody listens any more: the work goes on to where it may end
            connection.send((kind, value))

    def progress(stage, share):
        now = time.monotonic()
        if stage != told["what"] or now - told["when"] > 0.2:
            told["what"], told["when"] = stage, now
            say("progress", (stage, share))

    try:
        module, _, name = target.partition(":")
        function = getattr(importlib.import_module(module), name)
        watch = {"progress": progress, "should_stop": stop.is_set}
        if getattr(function, "can_finish", False):
            watch["should_finish"] = finish.is_set
        say("done", function(say=say, **watch, **arguments))
    except StoppedError as error:
        say("stopped", str(error))
    except (ToolkitError, OSError, ValueError, TypeError) as error:
        say("failed", " ".join(str(error).split()))
    except MemoryError:
        say("failed", "There is not enough memory.")
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        say("failed", f"{type(error).__name__}: {' '.join(str(error).split())}")
    finally:
        connection.close()


def _follow_server(stop):
    """When the server is gone, however it went, stop where the work can be gone on with; then leave."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    parent.join()
    stop.set()
    time.sleep(_GRACE)
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)
