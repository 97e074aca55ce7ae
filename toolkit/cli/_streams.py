"""What the process of a command inherits: streams that may be closed, full, unread, or short of characters.

By the time that a command says what it found, it has written it; so nothing here may turn that into a failure, except
that output which was asked for and could not be written is said in the exit code.
"""

import contextlib
import gc
import io
import os
import sys

from toolkit._core.progress_views import SafeStream

__all__ = ["close_streams", "discard_output", "error_stream", "flush_output", "prepare_process"]

_FAILED = 1
# New objects after which the youngest are searched for garbage, instead of 700. What a command imports is half a
# million objects that stay, and to search these time and again takes as long as to judge some thousand images.
_NEW_OBJECTS = 50_000


def prepare_process():
    """Make streams fit to be written to, have figures drawn into files only, and garbage looked for seldom."""
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
    os.environ["MPLBACKEND"] = "agg"
    # A closed descriptor is the next that a file gets, and what is then said lands in that file.
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 (for as long as the process lives)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names of files may hold what the console cannot print
    sys.stderr = SafeStream(sys.stderr)  # warnings and logging, too


def error_stream():
    """Standard error for a line of ours, whatever has become of it."""
    return sys.stderr if isinstance(sys.stderr, SafeStream) else SafeStream(sys.stderr)


def flush_output():
    """Have it known now whether what was said has arrived."""
    if sys.stdout is not None:
        sys.stdout.flush()


def discard_output():
    """Let nothing be written to standard output any more, at exit either: its reader has gone, or its disk is full."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def close_streams(code):
    """The exit code, after both streams have been emptied: a failure if standard output could not be."""
    try:
        flush_output()
    except (OSError, ValueError):
        discard_output()
        code = code or _FAILED
    error_stream().flush()
    return code
