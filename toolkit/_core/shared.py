"""What several tasks have in common, sent to the workers of a cluster once.

Processes on this machine need nothing of this: joblib maps large arrays into their memory. The backends of Dask and Ray
would write what is inside of an argument, such as the arrays of a fitted estimator, into every task.
"""

import contextlib
import pickle

__all__ = ["Shared", "shared_by_backend"]

_LEAST_BYTES = 2**16  # smaller things travel with their task


class Shared:
    """Stands for a value in the arguments of a task; ``get`` gives it, wherever that is called.

    Dask's backend of joblib sends an argument once where ``sys.getsizeof`` says that it is large, and knows it again by
    its identity.
    """

    def __init__(self, value, n_bytes):
        self._value, self._n_bytes = value, n_bytes

    def __sizeof__(self):
        return self._n_bytes

    def get(self):
        """The value."""
        return self._value


class _InRay(Shared):
    """A reference to an object in the store of Ray."""

    def __init__(self, reference):
        self._reference = reference

    def get(self):
        import ray

        return ray.get(self._reference)


@contextlib.contextmanager
def shared_by_backend(tasks):
    """The tasks as they are sent by joblib's active backend, and whether that gives results as they come.

    Parameters
    ----------
    tasks : list of dict

    Yields
    ------
    tasks : list of dict
        Values that are the same object in several tasks, and large, stand as :class:`Shared` where the backend is
        that of a cluster.
    gives_results_as_they_come : bool

    Examples
    --------
    >>> with shared_by_backend([{"a": 1}]) as found:
    ...     found
    ([{'a': 1}], True)
    """
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    name = type(backend).__name__
    if name == "DaskDistributedBackend":
        yield _replaced(tasks, Shared), True
    elif name == "RayBackend":
        import ray

        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        yield _replaced(tasks, lambda value, n_bytes: _InRay(ray.put(value))), False
    else:
        yield tasks, getattr(backend, "supports_return_generator", True)


def _replaced(tasks, share):
    """Tasks whose common large values are replaced by what ``share`` makes of each, once."""
    counts = {}
    for task in tasks:
        for value in task.values():
            counts[id(value)] = counts.get(id(value), 0) + 1
    made = {}

    def stand_in(value):
        if counts[id(value)] < 2:
            return value
        if id(value) not in made:
            n_bytes = _size(value)
            made[id(value)] = share(value, n_bytes) if n_bytes >= _LEAST_BYTES else value
        return made[id(value)]

    return [{name: stand_in(value) for name, value in task.items()} for task in tasks]


def _size(value):
    """Bytes that it takes to send it, as pickle says; arrays say so themselves."""
    if hasattr(value, "nbytes"):
        return int(value.nbytes)
    if value is None or isinstance(value, (bool, int, float, str)):
        return 0
    try:
        return len(pickle.dumps(value, protocol=5))
    except Exception:  # functions of a notebook, which the backends themselves can send
        return _LEAST_BYTES
