"""The job runner: the same function over many sets of arguments, in order, over joblib."""

from dataclasses import dataclass

from toolkit._core.parameters import check_choice, check_jobs
from toolkit._core.progress import Progress

__all__ = ["Failed", "run_jobs"]


@dataclass(frozen=True)
class Failed:
    """What a failed task leaves behind when errors are recorded instead of raised."""

    error: str


def _call(function, task, on_error):
    if on_error == "raise":
        return function(**task)
    try:
        return function(**task)
    except Exception as error:  # recorded on request: a table shows which cell failed and why
        return Failed(f"{type(error).__name__}: {error}")


def run_jobs(function, tasks, *, n_jobs=1, verbose=False, desc="", on_error="raise"):
    """Call ``function(**task)`` for each task.

    Parameters
    ----------
    function : callable
    tasks : list of dict
        Keyword arguments, one dict a call.
    n_jobs : int, default=1
        As in joblib; the backend is whichever is active (``joblib.parallel_config``).
    verbose : bool, default=False
        Show a progress bar.
    desc : str
        Title of the bar.
    on_error : {"raise", "record"}
        With ``"record"`` a call that raises leaves a :class:`Failed` in its place.

    Returns
    -------
    list
        Results in the order of the tasks.

    Examples
    --------
    >>> run_jobs(lambda a, b: a // b, [{"a": 7, "b": 2}, {"a": 7, "b": 0}], on_error="record")
    [3, Failed(error='ZeroDivisionError: integer division or modulo by zero')]
    """
    check_choice("on_error", on_error, ("raise", "record"))
    check_jobs(n_jobs)
    tasks = list(tasks)
    with Progress(len(tasks), desc=desc, verbose=verbose) as progress:
        results = []
        if n_jobs == 1:
            for task in tasks:
                results.append(_call(function, task, on_error))
                progress.update()
            return results
        from joblib import Parallel, delayed

        # The generator form yields results in order while later tasks run, so progress shows.
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
        for result in parallel(delayed(_call)(function, task, on_error) for task in tasks):
            results.append(result)
            progress.update()
        return results
