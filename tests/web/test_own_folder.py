"""The folder of a server: its own while it lives, swept at a later start once it was killed, and nobody else's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from web_server import end_server, start_server

import toolkit
from toolkit.web._own_folder import own_folder, sweep_dead

HOLD = """
import time
from toolkit.web._own_folder import own_folder
with own_folder() as folder:
    (folder / "visit").mkdir()
    (folder / "visit" / "images.npy").write_text("of a visitor")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def hold(tmp_path):
    """Starts a process that holds a folder in ``tmp_path``; gives both."""
    processes = []

    def start():
        paths = [str(Path(toolkit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        process = subprocess.Popen([sys.executable, "-c", HOLD], env=environment, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_dead_are_swept_and_the_living_stay(hold, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living, kept = hold()
    killed, left = hold()
    assert kept.is_dir()  # which the second start left alone
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert (left / "visit" / "images.npy").is_file()
    with own_folder() as mine:
        assert not left.exists()
        assert (kept / "visit" / "images.npy").read_text() == "of a visitor"
        assert sweep_dead(tmp_path) == []  # nor does a process sweep what it holds itself
        assert mine.is_dir()
    assert living.poll() is None
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]


def dead_folder(place, name="toolkit-serve-abc_d123"):
    """As a server that was killed leaves it."""
    folder = place / name
    folder.mkdir(mode=0o700)
    (folder / ".lock").touch(mode=0o644)
    return folder


def test_only_folders_as_a_server_names_and_locks_them(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / ".lock").touch()
    (outside / "photo.png").touch()
    place = tmp_path / "tmp"
    place.mkdir()
    for name in ("toolkit-serve-", "toolkit-serve-short", "toolkit-serve-abcd1234x", "x-toolkit-serve-abcd1234"):
        dead_folder(place, name)
    dead_folder(place, "toolkit-serve-nolock00").joinpath(".lock").unlink()
    (place / "toolkit-serve-alink000").symlink_to(outside)
    (place / "toolkit-serve-afile000").touch()
    linked = dead_folder(place, "toolkit-serve-linklock")
    (linked / ".lock").unlink()
    (linked / ".lock").symlink_to(outside / "photo.png")
    everyone = dead_folder(place, "toolkit-serve-everyone")
    everyone.chmod(0o777)
    before = sorted(path.name for path in place.iterdir())
    assert sweep_dead(place) == []
    dead = dead_folder(place)
    (dead / "visit").symlink_to(outside)  # a link within goes; what it leads to stays
    assert sweep_dead(place) == [dead.name]
    assert sorted(path.name for path in place.iterdir()) == before
    assert (outside / "photo.png").is_file()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives folders away")
def test_folders_of_others_stay(tmp_path):
    folder = dead_folder(tmp_path)
    os.chown(folder, 65534, 65534)
    assert sweep_dead(tmp_path) == []
    os.chown(folder, os.geteuid(), os.getegid())
    os.chown(folder / ".lock", 65534, 65534)
    assert sweep_dead(tmp_path) == []
    os.chown(folder / ".lock", os.geteuid(), os.getegid())
    assert sweep_dead(tmp_path) == [folder.name]


def test_no_place_at_all(tmp_path):
    assert sweep_dead(tmp_path / "gone") == []


@pytest.mark.web
def test_a_server_that_was_killed(web, tmp_path):
    root, temporary = tmp_path / "root", tmp_path / "server"
    root.mkdir()
    temporary.mkdir()
    killed = start_server(root, temporary)
    (left,) = killed.temporary.iterdir()
    os.killpg(killed.process.pid, signal.SIGKILL)
    killed.process.wait()
    killed.process.stdout.close()
    assert left.is_dir()
    later = start_server(root, temporary)
    try:
        (own,) = later.temporary.iterdir()
        assert own != left
    finally:
        end_server(later)
    assert not list(later.temporary.iterdir())
