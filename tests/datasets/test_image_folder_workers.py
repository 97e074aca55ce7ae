"""Processes that decode may die; what they had is read all the same, and the file that ends them is listed."""

import multiprocessing
import os
import signal
import sys
import time

import numpy as np
import pytest
from PIL import Image

from toolkit.datasets import _folder_decode, _folder_workers, load_image_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only")
N = 200


@pytest.fixture
def folder(tmp_path):
    for number in range(N):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number:03d}.png")
    return tmp_path


def test_a_file_that_ends_its_process_is_listed_and_the_others_are_read(folder, monkeypatch):
    here, deadly = os.getpid(), (folder / "070.png").read_bytes()
    decode = _folder_decode.decode_picture

    def ends(content, *arguments, **options):
        if content == deadly:
            assert os.getpid() != here
            os.kill(os.getpid(), signal.SIGKILL)
        return decode(content, *arguments, **options)

    expected = load_image_folder(folder, cache=False)
    monkeypatch.setattr(_folder_decode, "decode_picture", ends)
    found = load_image_folder(folder, cache=False, n_jobs=2)
    assert found.skipped[["path", "reason"]].values.tolist() == [["070.png", "the process that decoded it ended"]]
    np.testing.assert_array_equal(found.images, np.delete(expected.images, 70, axis=0))


def test_a_process_that_is_killed_once_costs_nothing(folder, monkeypatch, tmp_path_factory):
    mark = tmp_path_factory.mktemp("mark") / "killed"
    decode = _folder_decode.decode_picture

    def killed_once(content, *arguments, **options):
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)  # as a system short of memory does
        return decode(content, *arguments, **options)

    expected = load_image_folder(folder, cache=False)
    monkeypatch.setattr(_folder_decode, "decode_picture", killed_once)
    found = load_image_folder(folder, cache=False, n_jobs=2)
    assert mark.exists()
    np.testing.assert_array_equal(found.images, expected.images)
    assert found.report.equals(expected.report)


def test_work_that_is_broken_off_does_not_wait_for_the_rest(monkeypatch):
    begin, tasks = time.monotonic(), [{"seconds": 20.0}] * 6
    others = multiprocessing.active_children()
    # The alarm stands for Ctrl-C, which does not come between the start of a worker and its being known.
    monkeypatch.setattr(_folder_workers, "_SIGNALS", (*_folder_workers._SIGNALS, signal.SIGALRM))

    def broken(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, broken)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            _folder_workers.run_in_processes(sleep, tasks, 2, split=lambda task: None, lost=lambda task: [])
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begin < 15
    left = [child for child in multiprocessing.active_children() if child not in others]
    assert not [child for child in left if "ForkProcess" in child.name]


def test_workers_end_at_once_by_sigterm_and_never_hear_ctrl_c():
    found = _folder_workers.run_in_processes(heard, [{}, {}], 2, split=lambda task: None, lost=lambda task: [])
    assert found == [[True, False, True]] * 2


def sleep(seconds):
    time.sleep(seconds)
    return []


def heard():
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    ends = signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    return [signal.SIGINT in held, signal.SIGTERM in held, ends]
