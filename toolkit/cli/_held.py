"""What a command holds until it ends, such as the folder that it writes to."""

import contextlib
import contextvars

__all__ = ["hold", "holding"]

_stack: contextvars.ContextVar[contextlib.ExitStack] = contextvars.ContextVar("held")


@contextlib.contextmanager
def holding():
    """Around a command: whatever it holds is let go when it ends, however it ends."""
    with contextlib.ExitStack() as stack:
        token = _stack.set(stack)
        try:
            yield
        finally:
            _stack.reset(token)


def hold(resource):
    """Enter a context for the rest of the command."""
    return _stack.get().enter_context(resource)
