"""The job runner: the same function over many sets of arguments, in order, over joblib."""

import signal
from dataclasses import dataclass

from toolkit._core.parameters import check_choice, check_jobs
from toolkit._core.progress import Progress
from toolkit._core.shared import Shared, shared_by_backend
from toolkit._core.threads import one_thread_each
from toolkit._core.workers import lost_workers_named, not_for_workers

__all__ = ["Failed", "run_jobs", "run_steps"]


@dataclass(frozen=True)
class Failed:
    """What a failed task leaves behind when errors are recorded instead of raised."""

    error: str


def _call(function, on_error, /, **task):
    task = {name: value.get() if isinstance(value, Shared) else value for name, value in task.items()}
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
        As in joblib; the backend is whichever is active (``joblib.parallel_config``). What several tasks have in common
        goes to the workers of Dask and Ray once, and is not a part of each task.
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

    Raises
    ------
    WorkerLostError
        A process was ended from outside.

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
                results.append(_call(function, on_error, **task))
                progress.update()
            return results
        from joblib import Parallel, delayed

        with lost_workers_named(), shared_by_backend(tasks) as (tasks, gives_results_as_they_come):
            calls = (delayed(_call)(function, on_error, **task) for task in tasks)
            if not gives_results_as_they_come:
                return _all_at_once(Parallel(n_jobs=n_jobs), calls, progress)
            # The generator form yields results in order while later tasks run, so progress shows.
            with not_for_workers(signal.SIGINT):  # workers start with the first tasks
                given = Parallel(n_jobs=n_jobs, return_as="generator")(calls)
            for result in given:
                results.append(result)
                progress.update()
        return results


def _all_at_once(parallel, calls, progress):
    """Results of a backend that gives them in the end: those that must be done by the time of a further one count."""

    def counted():
        for place, call in enumerate(calls):
            if place >= ahead:
                progress.update()
            yield call

    ahead = 2 * parallel.n_jobs if parallel.n_jobs > 0 else progress.total
    results = parallel(counted())
    progress.set(progress.total)
    return list(results)


def run_steps(*steps, n_jobs=None):
    """Call functions of no argument at the same time, in threads: for what spends its time in NumPy and torch.

    Parameters
    ----------
    *steps : callable
        None of which needs another.
    n_jobs : int, default=None
        Threads; None is one for each processor. The results do not depend on it.

    Returns
    -------
    list
        Results in the order of the steps.

    Examples
    --------
    >>> run_steps(lambda: 1, lambda: 2)
    [1, 2]
    """
    import joblib

    # A process would spend longer on importing these than most steps on their work.
    n_jobs = max(1, min(joblib.cpu_count(), len(steps))) if n_jobs is None else n_jobs
    tasks = [{"step": step} for step in steps]
    if n_jobs == 1:
        return run_jobs(_take, tasks, n_jobs=1)
    with joblib.parallel_config(backend="threading"), one_thread_each():  # further threads of each would only wait
        return run_jobs(_take, tasks, n_jobs=n_jobs)


def _take(step):
    return step()
