"""Processes that share work: what becomes of signals, and what is said when one is lost."""

import errno
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest

from toolkit._core.jobs import run_jobs
from toolkit._core.workers import lost_workers_named, not_for_workers
from toolkit.exceptions import WorkerLostError


def leave(number):
    os.kill(os.getpid(), signal.SIGKILL if number else signal.SIGCONT)
    return number


def masked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_worker_that_is_killed_is_said_in_words():
    with pytest.raises(WorkerLostError, match="for want of memory.*--jobs 1"):
        run_jobs(leave, [{"number": number} for number in range(4)], n_jobs=2)


def test_workers_do_not_hear_ctrl_c_and_their_parent_does():
    assert run_jobs(masked, [{}, {}], n_jobs=2) == [True, True]
    assert not masked()


def test_a_signal_within_is_heard_afterwards():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *given: heard.append(len(heard)))
    try:
        with not_for_workers(signal.SIGINT):
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            time.sleep(0.01)
            assert heard == []
        time.sleep(0.01)
        assert heard == [0]
    finally:
        signal.signal(signal.SIGINT, before)


def test_no_room_for_what_workers_are_given():
    code = (
        "import resource, signal, sys\n"
        "import numpy as np\n"
        "from toolkit._core.jobs import run_jobs\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: run_jobs(np.sum, [{'a': np.full(1_000_000, k)} for k in range(4)], n_jobs=2)\n"
        "except OSError as error: print(error.errno, 'JOBLIB_TEMP_FOLDER' in str(error))\n"
        "import os; sys.stdout.flush(); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == [str(errno.EFBIG), "True"], done.stderr


def test_what_cannot_be_pickled_for_another_reason_is_no_want_of_room():
    with pytest.raises(pickle.PicklingError, match="a lambda"), lost_workers_named():
        raise pickle.PicklingError("a lambda")
