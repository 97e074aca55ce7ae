"""Engines: who calls a function on many tasks. Threads here, or the workers of Dask or Ray; no scheduler of our own.

Each engine starts a task again that died with its worker, a few times; what dies with every worker is given up and
said. Only so many tasks are under way that the workers are busy: what waits is with the driver.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from toolkit._core.optional import import_optional

__all__ = ["ENGINES", "run_tasks"]

ENGINES = ("threads", "dask", "ray")
_AHEAD = 2  # tasks under way for each worker: one at work, one waiting
_RETRIES = 3


def run_tasks(
    function: Callable[[Any], Any],
    tasks: Iterable[Any],
    *,
    engine: str | None,
    scheduler: str | None,
    n_workers: int,
    lost: Callable[[Any, str], Any],
) -> Iterator[tuple[Any, Any]]:
    """Call ``function`` on each task; pairs of task and result as they come.

    Parameters
    ----------
    function : callable
        Importable by workers.
    tasks : iterable
        Taken from as workers become free.
    engine : {"threads", "dask", "ray"} or None
        None calls one after the other, in this thread.
    scheduler : str or None
        Address of a running Dask scheduler or Ray cluster; None starts workers on this machine, and ends them.
    n_workers : int
        Of those started here.
    lost : callable
        ``lost(task, reason)`` is the result of a task whose workers died.
    """
    if engine is None:
        return ((task, function(task)) for task in tasks)
    return {"threads": _threads, "dask": _dask, "ray": _ray}[engine](function, tasks, scheduler, n_workers, lost)


def _threads(function, tasks, scheduler, n_workers, lost):
    from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

    pool = ThreadPoolExecutor(n_workers, thread_name_prefix="toolkit-audit")
    try:
        waiting, tasks = {}, iter(tasks)
        while True:
            for task in _up_to(tasks, _AHEAD * n_workers - len(waiting)):
                waiting[pool.submit(function, task)] = task
            if not waiting:
                return
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _dask(function, tasks, scheduler, n_workers, lost):
    distributed = import_optional("distributed", purpose="engine='dask'", extra="dask")
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            stack.enter_context(_quiet_dask())
            scheduler = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=n_workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=None,
                    memory_limit=0,
                )
            )
        client = stack.enter_context(distributed.Client(scheduler, set_as_default=False))
        waiting: dict[Any, Any] = {}
        tasks = iter(tasks)
        completed = distributed.as_completed(loop=client.loop)
        stack.callback(lambda: client.cancel(list(waiting)))
        # With a worker die all tasks that wait there, whoever killed it: those are tried once more, each by itself.
        suspects: list[Any] = []
        alone = None

        def submit(task):
            future = client.submit(function, task, pure=False)
            waiting[future] = task
            completed.add(future)

        while True:
            n_threads = max(1, sum(client.nthreads().values()))
            for task in _up_to(tasks, _AHEAD * n_threads - len(waiting)):
                submit(task)
            if not waiting and suspects:
                alone = suspects.pop()
                submit(alone)
            if not waiting:
                return
            future = next(completed)
            task = waiting.pop(future)
            try:
                result = future.result()
            except Exception as error:  # a worker died with it each time, or it cannot be sent
                if isinstance(error, distributed.KilledWorker) and task is not alone:
                    suspects.append(task)
                    continue
                result = lost(task, _in_words(error))
            del future
            yield task, result


@contextlib.contextmanager
def _quiet_dask():
    """Workers started here say nothing of their comings and goings, and open no dashboard."""
    import logging

    dask = import_optional("dask", purpose="engine='dask'", extra="dask")
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    with dask.config.set(
        {
            "distributed.worker.daemon": True,
            "distributed.scheduler.allowed-failures": _RETRIES,
            "distributed.logging.distributed": "critical",
            "distributed.diagnostics.nvml": False,
            # A scheduler opens a local port for pages all the same: with none to show.
            "distributed.scheduler.http.routes": [],
            "distributed.worker.http.routes": [],
        }
    ):
        try:
            yield
        finally:
            logger.setLevel(level)


def _ray(function, tasks, scheduler, n_workers, lost):
    ray = import_optional("ray", purpose="engine='ray'", extra="ray")
    with _ray_cluster(ray, scheduler, n_workers):
        remote = ray.remote(num_cpus=1, max_retries=_RETRIES)(function)
        n_threads = max(1, int(ray.cluster_resources().get("CPU", n_workers)))
        waiting: dict[Any, Any] = {}
        tasks = iter(tasks)
        try:
            while True:
                for task in _up_to(tasks, _AHEAD * n_threads - len(waiting)):
                    waiting[remote.remote(task)] = task
                if not waiting:
                    return
                (reference, *_), _ = ray.wait(list(waiting), num_returns=1)
                task = waiting.pop(reference)
                try:
                    result = ray.get(reference)
                except ray.exceptions.RayError as error:
                    result = lost(task, _in_words(error))
                yield task, result
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)


@contextlib.contextmanager
def _ray_cluster(ray, scheduler, n_workers):
    """The cluster at an address, the one that is connected already, or one of our own that ends with us."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    own = {"num_cpus": n_workers, "include_dashboard": False} if scheduler is None else {"address": scheduler}
    ray.init(log_to_driver=False, configure_logging=False, **own)
    try:
        yield
    finally:
        ray.shutdown()


def _up_to(tasks, n):
    for _ in range(n):
        try:
            yield next(tasks)
        except StopIteration:
            return


def _in_words(error):
    text = " ".join(str(error).split())
    if type(error).__name__ in ("KilledWorker", "WorkerCrashedError", "OutOfMemoryError", "LocalRayletDiedError"):
        return f"every worker that tried it died ({type(error).__name__})"
    return f"{type(error).__name__}: {text}"
