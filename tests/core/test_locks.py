"""One writer of a folder: it is free again however its owner ends."""

import linecache
import sys
import threading

import filelock
import pytest

from toolkit._core import locks
from toolkit._core.locks import folder_lock
from toolkit.exceptions import FolderInUseError


def interrupted_at(number, folder):
    """Fill a folder, with Ctrl-C at the line of that number of what takes and leaves the lock; whether it came."""
    left = number

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.startswith(locks.__file__):
            return None
        # The interpreter looks for signals after calls: not where a block is entered or left.
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip()
        if event == "line" and not line.startswith(("with ", "try:")):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with folder_lock(folder):
            pass
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return left <= 0


def test_an_interruption_anywhere_leaves_nothing_and_nobody_locked_out(tmp_path):
    number = 1
    while interrupted_at(number, tmp_path / "made" / "folder"):
        assert list(tmp_path.iterdir()) == [], number
        with folder_lock(tmp_path / "made" / "folder"):
            assert locks._held
        assert not locks._held, number
        number += 1
    assert number > 25


def test_an_interruption_takes_no_lock_from_its_owner(tmp_path):
    other = filelock.FileLock(tmp_path / ".lock")
    with other:  # as held by another process: not through us
        number = 1
        while True:
            try:
                came = interrupted_at(number, tmp_path)
            except FolderInUseError:
                break
            assert came
            assert (tmp_path / ".lock").exists(), number
            number += 1
        assert number > 10
        with pytest.raises(FolderInUseError):
            folder_lock(tmp_path).__enter__()
    with folder_lock(tmp_path):
        pass


def test_the_thread_that_holds_it_may_enter_again_and_no_other(tmp_path):
    said = []

    def other():
        try:
            with folder_lock(tmp_path):
                said.append("entered")
        except FolderInUseError:
            said.append("refused")

    def ask():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    with folder_lock(tmp_path):
        with folder_lock(tmp_path):
            ask()
        ask()
    ask()
    assert said == ["refused", "refused", "entered"]
