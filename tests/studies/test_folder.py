"""A result folder appears whole or not at all, and never at the cost of somebody's files."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from toolkit._core import folders
from toolkit.exceptions import FolderInUseError
from toolkit.studies._folder import check_target, reserved_folder, whole_folder

OWN = {"a.txt", "figures"}


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(folder, text):
    with whole_folder(folder, OWN) as temporary:
        (temporary / "a.txt").write_text(text)
        (temporary / "figures").mkdir()
        (temporary / "figures" / "x.png").write_text(text)


def write_half(folder, error):
    with whole_folder(folder, OWN) as temporary:
        (temporary / "a.txt").write_text("half")
        raise error


def test_replaces_an_earlier_result_as_a_whole(tmp_path):
    target = tmp_path / "deep" / "result"
    write(target, "first")
    (target / "figures" / "stale.png").write_text("stale")
    write(target, "second")
    assert names(target.parent) == ["result"]
    assert (target / "a.txt").read_text() == "second"
    assert names(target / "figures") == ["x.png"]


def test_an_empty_folder_is_taken(tmp_path):
    write(tmp_path / "result", "first")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", "second")
    assert (tmp_path / "empty" / "a.txt").read_text() == "second"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_failure_leaves_what_was_there(tmp_path, error):
    target = tmp_path / "result"
    for earlier in (False, True):
        if earlier:
            write(target, "first")
        with pytest.raises(error):
            write_half(target, error)
        assert names(tmp_path) == (["result"] if earlier else [])
    assert (target / "a.txt").read_text() == "first"


def test_an_interrupt_between_the_renames_brings_the_earlier_result_back(tmp_path, monkeypatch):
    """Where the system cannot exchange two folders in one step."""
    target = tmp_path / "result"
    write(target, "first")
    monkeypatch.setattr(folders.ctypes, "CDLL", lambda *a, **k: (_ for _ in ()).throw(OSError()))
    real, calls = os.rename, []

    def interrupted(source, destination):
        calls.append(destination)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(source, destination)

    monkeypatch.setattr(os, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(target, "second")
    assert len(calls) == 3
    assert names(tmp_path) == ["result"]
    assert (target / "a.txt").read_text() == "first"


def test_foreign_files_are_refused_before_any_work(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"thesis\.tex.*would be lost"):
        check_target(tmp_path, OWN)
    with pytest.raises(FileExistsError, match=r"thesis\.tex"):
        write(tmp_path, "first")
    assert names(tmp_path) == ["thesis.tex"]
    with pytest.raises(FileExistsError, match="is a file"):
        check_target(tmp_path / "thesis.tex", OWN)
    check_target(tmp_path / "not there", OWN)


def test_permissions_are_those_of_a_new_folder(tmp_path):
    write(tmp_path / "result", "first")
    (tmp_path / "plain").mkdir()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("result", "plain")]
    assert modes[0] == modes[1]


def test_a_relative_folder_survives_a_change_of_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with whole_folder("result", OWN) as temporary:
        monkeypatch.chdir("elsewhere")
        (temporary / "a.txt").write_text("whole")
    assert (tmp_path / "result" / "a.txt").read_text() == "whole"


def test_a_result_goes_where_a_link_leads(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "result").symlink_to(tmp_path / "disk")
    for text in ("first", "second"):
        write(tmp_path / "result", text)
    assert (tmp_path / "disk" / "a.txt").read_text() == "second"
    assert (tmp_path / "result").is_symlink()
    assert names(tmp_path) == ["disk", "result"]


def test_what_a_writer_left_that_was_killed_is_swept_and_nothing_else(tmp_path):
    """Whoever may write holds the lock, so a number that some process has saves nothing; names must match exactly."""
    (tmp_path / ".result-4194304999-abcdefgh.part").mkdir()
    (tmp_path / f".result-{os.getpid()}-abcdefgh.part").mkdir()
    others = [".result-99999-4194304999-abcdefgh.part", ".results-4194304999-abcdefgh.part", ".result-draft.part"]
    for other in others:
        (tmp_path / other).mkdir()
    write(tmp_path / "result", "first")
    assert names(tmp_path) == sorted([*others, "result"])


_WRITER = """
import sys
from toolkit._core.folders import whole_folder
with whole_folder(sys.argv[1]) as folder:
    (folder / "a.txt").write_text("slow")
    print("begun", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_is_refused_until_the_first_has_ended_or_was_killed(tmp_path):
    target = tmp_path / "result"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as slow:
        assert slow.stdout.readline() == "begun\n"
        with pytest.raises(FolderInUseError, match=r"Another run is writing to .*result"):
            write(target, "second")
        with pytest.raises(FolderInUseError), reserved_folder(target, OWN):
            pass
        write(tmp_path / "result-2", "a neighbour")
        slow.stdin.write("\n")
        slow.stdin.flush()
        assert slow.wait(30) == 0
    assert (target / "a.txt").read_text() == "slow"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as slow:
        assert slow.stdout.readline() == "begun\n"
        slow.kill()
        slow.wait(30)
    assert len(names(tmp_path)) == 4  # the results, a lock that nobody holds, and half a result
    write(target, "third")
    assert names(tmp_path) == ["result", "result-2"]
    assert (target / "a.txt").read_text() == "third"


def test_two_threads_exclude_each_other_and_one_may_enter_again(tmp_path):
    def second():
        with pytest.raises(FolderInUseError):
            write(tmp_path / "result", "second")

    with reserved_folder(tmp_path / "result", OWN):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(second).result()
        write(tmp_path / "result", "first")
    assert names(tmp_path) == ["result"]
    with reserved_folder(tmp_path / "grows", OWN, grows=True):
        again = reserved_folder(tmp_path / "grows", OWN, grows=True)
        with ThreadPoolExecutor(1) as pool:
            assert isinstance(pool.submit(again.__enter__).exception(), FolderInUseError)
    assert names(tmp_path) == ["result"]  # nothing was put in the other, so it is gone again


def test_what_cannot_be_written_is_found_out_at_once(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file" / "result", tmp_path / ("n" * 300), "/proc/no/such/result", tmp_path / "nul\0"):
        for grows in (False, True):
            with pytest.raises(OSError, match="cannot be written"):
                check_target(folder, OWN, grows=grows)
    monkeypatch.setattr(os.path, "ismount", lambda path: os.path.basename(path) == "mounted")
    with pytest.raises(OSError, match="a mount or a root"):
        check_target(tmp_path / "mounted", OWN)
    check_target(tmp_path / "mounted", OWN, grows=True)
    assert names(tmp_path) == ["file"]


def test_leftovers_of_a_killed_run_are_no_foreign_files(tmp_path):
    for name in (".lock", ".a-abcdefgh.txt", ".figures-17-abcdefgh.part", ".figures.lock"):
        (tmp_path / name).mkdir()
    check_target(tmp_path, OWN)
    (tmp_path / ".a-notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="a-notes"):
        check_target(tmp_path, OWN)
