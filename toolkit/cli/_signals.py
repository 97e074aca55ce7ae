"""How a command is asked to end: Ctrl-C and SIGTERM, once, and again while it is still putting things away."""

import contextlib
import signal
import threading
import time

__all__ = ["Terminated", "deaf_to_interrupts", "ending_on_signals"]

# Seconds after one signal in which further ones are not news: fingers press Ctrl-C twice, and a shell that is closed
# sends one to each process besides. Later ones are heard again, so that what hangs can be broken off.
_ONE_WISH = 2.0


class Terminated(BaseException):
    """The process was asked to end by SIGTERM."""


@contextlib.contextmanager
def ending_on_signals():
    """Within, Ctrl-C raises KeyboardInterrupt and SIGTERM :class:`Terminated`; what puts away is not broken off.

    Temporary files go when the stack is unwound, and a second signal in the middle of that would leave them there.
    Nothing changes in a thread that is not the main one, which may handle no signals, nor where Ctrl-C is ignored, as
    by what a shell script starts in the background.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [float("-inf")]

    def once(error):
        def handle(number, frame):
            now = time.monotonic()
            if now - heard[0] >= _ONE_WISH:
                heard[0] = now
                raise error

        return handle

    handlers = {signal.SIGTERM: signal.signal(signal.SIGTERM, once(Terminated))}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        handlers[signal.SIGINT] = signal.signal(signal.SIGINT, once(KeyboardInterrupt))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def deaf_to_interrupts():
    """From here on the process ends by itself, in a moment, and its exit code is decided."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
