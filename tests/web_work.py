"""Work for tests of processes: what they call lies where another process can import it."""

import os
import time

from toolkit._core.watching import watched


def count(*, n, say, progress, should_stop):
    """Count to n, a twentieth of a second each."""
    with watched(progress, should_stop):
        for place in range(n):
            progress("counting", place / n)
            say("number", place)
            if should_stop():
                from toolkit.exceptions import StoppedError

                raise StoppedError(f"Stopped at {place}.")
            time.sleep(0.05)
    return n


def deaf(*, file, say, progress, should_stop):
    """Never asks whether it shall stop; writes down who it is."""
    with open(file, "w", encoding="utf-8") as target:
        target.write(str(os.getpid()))
    time.sleep(600)


def fail(*, say, progress, should_stop):
    """A visitor's mistake."""
    raise ValueError("three\nlines\nof <b>")


def die(*, say, progress, should_stop):
    """Ends without a word, as for want of memory."""
    os._exit(9)
