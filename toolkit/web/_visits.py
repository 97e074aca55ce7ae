"""Visits: what one tab of one visitor holds, apart from all others, in memory and on disk."""

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

from toolkit.exceptions import ToolkitError
from toolkit.web._process import Job

__all__ = ["BusyError", "Visit", "Visits"]

_STILL_AT_WORK = "This page is still at work: stop it first, or wait."


class BusyError(ToolkitError, RuntimeError):
    """As much is going on as may."""


class Visit:
    """One open tab: its folder, its work, and what its pages found.

    Attributes
    ----------
    folder : Path
        Its own, gone when the tab is.
    jobs : dict of str to Job
        The latest of each page.
    found : dict
        What the pages keep between two clicks.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.jobs: dict[str, Job] = {}
        self.found: dict[str, Any] = {}
        self.lock = threading.RLock()

    def place(self, name: str) -> Path:
        """A new empty folder of that page, in the place of an earlier one."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place


class Visits:
    """All tabs that are open.

    Parameters
    ----------
    folder : Path
        Where each has a folder of its own.
    most_jobs : int
        Work that goes on at the same time, of all visitors together.
    """

    def __init__(self, folder: Path, most_jobs: int):
        self._folder, self._most_jobs = folder, most_jobs
        self._visits: dict[str, Visit] = {}
        self._jobs: list[Job] = []  # of tabs that were closed as well, until they have stopped
        self._filling: dict[Path, Job] = {}
        self._lock, self._closing = threading.Lock(), False

    def of(self, request: Any) -> Visit:
        """The visit that a request belongs to, by the name of its session."""
        key = str(request.session_hash)
        with self._lock:
            if self._closing:
                raise BusyError("The workbench is closing.")
            if key not in self._visits:
                self._visits[key] = Visit(Path(tempfile.mkdtemp(prefix="visit-", dir=self._folder)))
            return self._visits[key]

    def filling(self, folder: Path) -> Job | None:
        """The work of any tab, open or closed, that fills a folder at this moment."""
        job = self._filling.get(folder)
        return job if job is not None and job.running else None

    def start(self, visit: Visit, page: str, target: str, arguments: dict[str, Any], fills: Path | None = None) -> Job:
        """Start the work of a page, which fills a folder.

        Raises
        ------
        BusyError
            The page works already, or too many do.
        """
        with self._lock:
            if self._closing:
                raise BusyError("The workbench is closing.")
            earlier = visit.jobs.get(page)
            if earlier is not None and earlier.running:
                earlier.remark(_STILL_AT_WORK)  # its progress soon takes the place of what is raised
                raise BusyError(_STILL_AT_WORK)
            self._jobs = [job for job in self._jobs if job.running]
            if len(self._jobs) >= self._most_jobs:
                raise BusyError(f"{len(self._jobs)} pieces of work are going on here, as many as may: try again later.")
            visit.jobs[page] = job = Job(target, arguments)
            self._jobs.append(job)
            self._filling = {folder: job for folder, job in self._filling.items() if job.running}
            if fills is not None:
                self._filling[fills] = job
            return job

    def close(self, key: str) -> None:
        """A tab was closed: stop its work where it can be gone on with, and forget what it held."""
        with self._lock:
            visit = self._visits.pop(key, None)
        if visit is not None:
            _leave(visit)

    def close_all(self, seconds: float = 10.0) -> None:
        """The server ends: stop all work, wait for it a little, and end what is left."""
        with self._lock:
            self._closing = True
            visits, self._visits = list(self._visits.values()), {}
        jobs = [job for job in self._jobs if job.running]
        for job in jobs:
            job.stop(seconds)
        for job in jobs:
            job.wait(seconds + 2.0)
            job.end()
        for visit in visits:
            shutil.rmtree(visit.folder, ignore_errors=True)


def _leave(visit):
    jobs = [job for job in visit.jobs.values() if job.running]
    for job in jobs:
        job.stop()

    def sweep():
        for job in jobs:
            job.wait()
        shutil.rmtree(visit.folder, ignore_errors=True)

    if jobs:
        threading.Thread(target=sweep, daemon=True).start()
    else:
        sweep()
